-- Triggers that have requests recorded while their secrets were not known.
SELECT DISTINCT workspace_id, trigger_id FROM requests WHERE outcome = 7
