"""Authorization: the secret store, the tokens and how they are renewed, the logins and `qbsf auth`."""
