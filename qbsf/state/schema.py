"""The tables. This is the first schema: there is no older one to come from yet."""

VERSION = 1
"""PRAGMA user_version of a state of this schema."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- QuickBooks as last seen: linked invoices and what settles them.
CREATE TABLE invoices (id TEXT PRIMARY KEY, number TEXT NOT NULL, deleted INTEGER NOT NULL, body TEXT NOT NULL)
  WITHOUT ROWID;
CREATE INDEX invoices_by_number ON invoices (number);
CREATE TABLE mentions (opportunity_id TEXT, invoice_id TEXT, PRIMARY KEY (opportunity_id, invoice_id)) WITHOUT ROWID;
CREATE TABLE payments (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE payment_lines (
  txn_type TEXT, txn_id TEXT, payment_id TEXT, PRIMARY KEY (txn_type, txn_id, payment_id)) WITHOUT ROWID;

-- Salesforce as last seen: every Opportunity that names an invoice or is named by one.
CREATE TABLE opportunities (
  id TEXT PRIMARY KEY, body TEXT NOT NULL, modified_by TEXT NOT NULL, modified_by_id TEXT NOT NULL,
  modstamp TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE names (
  kind TEXT, name TEXT, opportunity_id TEXT, PRIMARY KEY (kind, name, opportunity_id)) WITHOUT ROWID;

-- Which invoices were found to be whose, and how first.
CREATE TABLE links (
  opportunity_id TEXT, invoice_id TEXT, PRIMARY KEY (opportunity_id, invoice_id)) WITHOUT ROWID;
CREATE INDEX links_by_invoice ON links (invoice_id);
CREATE TABLE ways (opportunity_id TEXT PRIMARY KEY, way TEXT NOT NULL) WITHOUT ROWID;

-- What a system was asked for and did not have; what was seen and is not kept (unlinked invoices are counted once).
CREATE TABLE missing (kind TEXT, name TEXT, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE counted (key TEXT PRIMARY KEY, body TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;

-- Opportunities still to be decided; `reread` asks for their QuickBooks records first.
CREATE TABLE todo (opportunity_id TEXT PRIMARY KEY, reread INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE doubts (opportunity_id TEXT PRIMARY KEY, since TEXT NOT NULL, tries INTEGER NOT NULL) WITHOUT ROWID;

-- What qbsf itself did, and saw landed.
CREATE TABLE own_values (
  opportunity_id TEXT, field TEXT, value TEXT NOT NULL, PRIMARY KEY (opportunity_id, field)) WITHOUT ROWID;
CREATE TABLE own (opportunity_id TEXT PRIMARY KEY, method_ids TEXT NOT NULL, stage TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE moves (opportunity_id TEXT, target TEXT, invoice_ids TEXT,
  PRIMARY KEY (opportunity_id, target, invoice_ids)) WITHOUT ROWID;
CREATE TABLE paid_for (opportunity_id TEXT, invoice_id TEXT, PRIMARY KEY (opportunity_id, invoice_id)) WITHOUT ROWID;
CREATE INDEX paid_for_by_invoice ON paid_for (invoice_id);
CREATE TABLE reversals (opportunity_id TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE change_backs (opportunity_id TEXT NOT NULL, field TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL);
CREATE INDEX change_backs_by_opportunity ON change_backs (opportunity_id);

-- What was about to be written, until the row, read again, shows it.
CREATE TABLE notes (
  opportunity_id TEXT PRIMARY KEY, at TEXT NOT NULL, answered INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;

-- For people.
CREATE TABLE holds (opportunity_id TEXT PRIMARY KEY, scope TEXT NOT NULL, since TEXT NOT NULL,
  fingerprint TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE attention (key TEXT PRIMARY KEY, since TEXT NOT NULL, fingerprint TEXT NOT NULL, record TEXT NOT NULL,
  acknowledged TEXT) WITHOUT ROWID;
CREATE TABLE runs (id TEXT PRIMARY KEY, started_at TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE TABLE writes (id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, at TEXT NOT NULL, opportunity_id TEXT NOT NULL,
  invoice_ids TEXT NOT NULL, record TEXT NOT NULL);
"""
