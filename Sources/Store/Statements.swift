import Postgres

/// Every statement of the store. The texts are the files in `Statements/`, one statement each, embedded at build time.
enum Statements {
  static let backupCounts = statement("backup_counts", PackageResources.backup_counts_sql)
  static let backupNewestRequest = statement("backup_newest_request", PackageResources.backup_newest_request_sql)
  static let backupPartitions = statement("backup_partitions", PackageResources.backup_partitions_sql)
  static let checksum = statement("checksum", PackageResources.checksum_sql)
  static let copyRequests = statement("copy_requests", PackageResources.copy_requests_sql)
  static let copyRuns = statement("copy_runs", PackageResources.copy_runs_sql)
  static let countRuns = statement("count_runs", PackageResources.count_runs_sql)
  static let createFlow = statement("create_flow", PackageResources.create_flow_sql)
  static let createPartitions = statement("create_partitions", PackageResources.create_partitions_sql)
  static let createPartitionsOfDay = statement("create_partitions_of_day", PackageResources.create_partitions_of_day_sql)
  static let createSchemaMigrations = statement("create_schema_migrations", PackageResources.create_schema_migrations_sql)
  static let createTrigger = statement("create_trigger", PackageResources.create_trigger_sql)
  static let createWorkspace = statement("create_workspace", PackageResources.create_workspace_sql)
  static let deleteExpiredSecrets = statement("delete_expired_secrets", PackageResources.delete_expired_secrets_sql)
  static let deleteFlow = statement("delete_flow", PackageResources.delete_flow_sql)
  static let deleteSecretsOfTombstones = statement(
    "delete_secrets_of_tombstones", PackageResources.delete_secrets_of_tombstones_sql)
  static let deleteTriggers = statement("delete_triggers", PackageResources.delete_triggers_sql)
  static let dropPartitions = statement("drop_partitions", PackageResources.drop_partitions_sql)
  static let existingRequests = statement("existing_requests", PackageResources.existing_requests_sql)
  static let expireSecret = statement("expire_secret", PackageResources.expire_secret_sql)
  static let expireSecretsOfTrigger = statement("expire_secrets_of_trigger", PackageResources.expire_secrets_of_trigger_sql)
  static let extendSchemaMigrations = statement("extend_schema_migrations", PackageResources.extend_schema_migrations_sql)
  static let flowById = statement("flow_by_id", PackageResources.flow_by_id_sql)
  static let flowByName = statement("flow_by_name", PackageResources.flow_by_name_sql)
  static let flowVersion = statement("flow_version", PackageResources.flow_version_sql)
  static let hasMigrations = statement("has_migrations", PackageResources.has_migrations_sql)
  static let insertAudit = statement("insert_audit", PackageResources.insert_audit_sql)
  static let insertDataKey = statement("insert_data_key", PackageResources.insert_data_key_sql)
  static let insertRequest = statement("insert_request", PackageResources.insert_request_sql)
  static let insertRun = statement("insert_run", PackageResources.insert_run_sql)
  static let insertSecret = statement("insert_secret", PackageResources.insert_secret_sql)
  static let listAudit = statement("list_audit", PackageResources.list_audit_sql)
  static let listDataKeys = statement("list_data_keys", PackageResources.list_data_keys_sql)
  static let listFlowVersions = statement("list_flow_versions", PackageResources.list_flow_versions_sql)
  static let listFlows = statement("list_flows", PackageResources.list_flows_sql)
  static let listMigrations = statement("list_migrations", PackageResources.list_migrations_sql)
  static let listRuns = statement("list_runs", PackageResources.list_runs_sql)
  static let listSecrets = statement("list_secrets", PackageResources.list_secrets_sql)
  static let listTriggers = statement("list_triggers", PackageResources.list_triggers_sql)
  static let listTriggersOfFlow = statement("list_triggers_of_flow", PackageResources.list_triggers_of_flow_sql)
  static let listWorkspaces = statement("list_workspaces", PackageResources.list_workspaces_sql)
  static let liveFlows = statement("live_flows", PackageResources.live_flows_sql)
  static let liveSecrets = statement("live_secrets", PackageResources.live_secrets_sql)
  static let liveTriggers = statement("live_triggers", PackageResources.live_triggers_sql)
  static let lockFlow = statement("lock_flow", PackageResources.lock_flow_sql)
  static let lockMigrations = statement("lock_migrations", PackageResources.lock_migrations_sql)
  static let lockTrigger = statement("lock_trigger", PackageResources.lock_trigger_sql)
  static let notify = statement("notify", PackageResources.notify_sql)
  static let publishFlow = statement("publish_flow", PackageResources.publish_flow_sql)
  static let recordMigration = statement("record_migration", PackageResources.record_migration_sql)
  static let requestById = statement("request_by_id", PackageResources.request_by_id_sql)
  static let rewrapDataKey = statement("rewrap_data_key", PackageResources.rewrap_data_key_sql)
  static let runById = statement("run_by_id", PackageResources.run_by_id_sql)
  static let setTriggerEnabled = statement("set_trigger_enabled", PackageResources.set_trigger_enabled_sql)
  static let triggerById = statement("trigger_by_id", PackageResources.trigger_by_id_sql)
  static let triggerByKey = statement("trigger_by_key", PackageResources.trigger_by_key_sql)
  static let triggerByNode = statement("trigger_by_node", PackageResources.trigger_by_node_sql)
  static let triggerPosition = statement("trigger_position", PackageResources.trigger_position_sql)
  static let updateFlowDraft = statement("update_flow_draft", PackageResources.update_flow_draft_sql)
  static let workspaceByName = statement("workspace_by_name", PackageResources.workspace_by_name_sql)

  /// All of them; a test compares this with the directory and prepares each against the schema.
  static let all: [PostgresStatement] = foundation + runs + trigger + customers + listen + logs + access

  private static let foundation: [PostgresStatement] = [
    backupCounts, backupNewestRequest, backupPartitions, checksum, copyRequests, copyRuns, countRuns, createFlow,
    createPartitions, createPartitionsOfDay, createSchemaMigrations,
    createTrigger, createWorkspace, deleteExpiredSecrets, deleteFlow, deleteSecretsOfTombstones, deleteTriggers,
    dropPartitions, existingRequests, expireSecret, expireSecretsOfTrigger, extendSchemaMigrations, flowById, flowByName,
    flowVersion, hasMigrations,
    insertAudit, insertDataKey, insertRequest, insertRun, insertSecret, listAudit, listDataKeys, listFlowVersions, listFlows,
    listMigrations, listRuns, listSecrets, listTriggers, listTriggersOfFlow,
    listWorkspaces, liveFlows, liveSecrets, liveTriggers, lockFlow, lockMigrations, lockTrigger, notify, publishFlow,
    recordMigration, requestById, rewrapDataKey, runById, setTriggerEnabled, triggerById, triggerByKey, triggerByNode,
    triggerPosition, updateFlowDraft, workspaceByName,
  ]

  static func statement(_ name: String, _ text: [UInt8]) -> PostgresStatement {
    PostgresStatement(name, String(decoding: text, as: UTF8.self))
  }
}
