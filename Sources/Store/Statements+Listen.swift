import Postgres

/// Statements of listen sessions.
extension Statements {
  static let attendListenSessions = statement("attend_listen_sessions", PackageResources.attend_listen_sessions_sql)
  static let countRequestsOfTrigger = statement("count_requests_of_trigger", PackageResources.count_requests_of_trigger_sql)
  static let createListenSession = statement("create_listen_session", PackageResources.create_listen_session_sql)
  static let deleteEndedListenSessions = statement(
    "delete_ended_listen_sessions", PackageResources.delete_ended_listen_sessions_sql)
  static let endDueListenSessions = statement("end_due_listen_sessions", PackageResources.end_due_listen_sessions_sql)
  static let endListenSession = statement("end_listen_session", PackageResources.end_listen_session_sql)
  static let listListenSessions = statement("list_listen_sessions", PackageResources.list_listen_sessions_sql)
  static let listenSessionById = statement("listen_session_by_id", PackageResources.listen_session_by_id_sql)
  static let openListenSessions = statement("open_listen_sessions", PackageResources.open_listen_sessions_sql)
  static let recentRequestsOfTriggers = statement(
    "recent_requests_of_triggers", PackageResources.recent_requests_of_triggers_sql)
  static let requestIdsOfTrigger = statement("request_ids_of_trigger", PackageResources.request_ids_of_trigger_sql)

  static let listen: [PostgresStatement] = [
    attendListenSessions, countRequestsOfTrigger, createListenSession, deleteEndedListenSessions, endDueListenSessions,
    endListenSession, listListenSessions, listenSessionById, openListenSessions, recentRequestsOfTriggers, requestIdsOfTrigger,
  ]
}
