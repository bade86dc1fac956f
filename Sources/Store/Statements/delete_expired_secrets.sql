DELETE FROM trigger_secrets WHERE expires_at <= now()
