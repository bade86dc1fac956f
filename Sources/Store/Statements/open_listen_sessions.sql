-- The open sessions of all workspaces: what every control plane must know of them.
SELECT l.workspace_id, l.id, l.trigger_id, l.mode, (extract(epoch FROM l.expires_at - clock_timestamp()) * 1000000)::int8
FROM listen_sessions l
WHERE l.state IN (1, 2) AND l.expires_at > clock_timestamp()
