"""The Groundswell server.

Imports go from a layer to those with a smaller number only:

1. settings: the configuration of a process, read once.
2. conversions, events, observability, statistics: protobuf, text and time; consumers of the event log; logs and
   metrics of a process; estimators and tests.
3. bootstrap, caching, sentiment: the first steps of a process; caches that events invalidate, and write-behind
   buffers; the sentiment of texts.
4. runtime: the stages that every call passes through.
5. peers: calls from one service to another.
6. jobs: long-running work in worker processes.
7. services: the list of services, and the dependencies of a servicer.
8. operations: the standard Operations service.
9. models: the floor for models of every area.
10. areas: the folders of the other services; none imports another.
11. app: the composition root.
12. processes: servers, workers and their supervisor.
13. cli: the command line.
14. __main__: `python -m groundswell_server`.
"""
