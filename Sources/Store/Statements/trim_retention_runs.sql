DELETE FROM retention_runs WHERE ended_at < now() - interval '30 days'
