"""Groundswell's data layer: tables, the queries on them, and everything that has to be true about both.

Nothing outside this package writes SQL. Start at `database.connect`, then `scope.Scope`.
"""

from groundswell_storage import drivers

drivers.import_peewee_alone()
