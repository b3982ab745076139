"""The ground: errors, database, transactions, the log, jobs, stores. It knows nothing of hubs."""
