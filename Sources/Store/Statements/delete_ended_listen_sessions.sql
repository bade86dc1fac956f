-- Sessions that ended a week ago.
DELETE FROM listen_sessions WHERE ended_at < clock_timestamp() - interval '7 days'
