"""The commands of the server: they run it, administer its database, or demonstrate it.

Entry points of the group `groundswell.commands` in pyproject.toml add each of them to the `groundswell` command of the
client package, which has the calls of the contract. Heavy imports are inside the functions, so that `--help` is quick.

Imports by number: a module imports only modules with a lower number.

1. `commands`, `plot_style`, `post_files`: what all commands share; files of posts.
2. `database_access`: the database as commands open it.
3. `audit`, `database`, `keys`, `post_import`, `serve`, `settings`, `doctor`, `experiments`: a command or a group each.
4. `demo`: the demonstrations.
"""
