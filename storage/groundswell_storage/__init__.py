"""Groundswell's data layer: tables, the queries on them, and the rules that both keep.

Nothing outside this package writes SQL. Start at `database.connect`, then `scope.Scope`. Modules and folders import
only from lower layers, except for types:

1. errors, chunks, fields, engines: values, errors, and the databases as Peewee adapts them
2. ids, failures, table, records: tables, identifiers, the errors of database failures, and JSON records
3. events, pages, migrations: the event log, pages of lists, the initial schema
4. scope, schema: access to one workspace's rows; the migrations that are due
5. database: connections and transactions
6. executor, audit: database work of an event loop; the audit log
7. resources, jobs, access, calls: rows that users edit, operations, keys and secrets, records of calls
8. engagement: tables of EngagementService
9. learning: tables of LearningService
10. experiments: tables of ExperimentsService
11. areas: tables of the other services
"""

from groundswell_storage.engines import psycopg_import

psycopg_import.import_peewee_alone()
