"""The permission set that lets the integration user work: what is in it, wherever it is written to."""

NAME = "QBSF_Sync"
LABEL = "QBSF Sync"
DESCRIPTION = "Field and object access for the qbsf integration user"
