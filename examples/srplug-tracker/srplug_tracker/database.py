"""The tracker: runs and their values in a SQLite file, to which many processes may write."""

import sqlite3
from contextlib import closing

TABLES = """CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY, folder);
CREATE TABLE IF NOT EXISTS rows (run, iteration, name, value, PRIMARY KEY (run, iteration, name));
"""


def change(file, command, *rows):
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(TABLES)
        return [database.execute(command, row).lastrowid for row in rows][-1]
