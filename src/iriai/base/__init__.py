"""The ground: errors, database, transactions, the log, jobs and stores. It knows nothing of hubs."""
