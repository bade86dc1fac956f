import Postgres

extension PostgresSession {
  /// How statements are planned that are not planned once for all values.
  enum Planning: Sendable {
    /// For their very values, which pays where values decide about the plan.
    case values
    /// As `values`, and requests are found by `requests_terms`, whatever the planner believes: what it reckons with, the
    /// distribution of values within a table, it does not know of the present day. Where a partition has no such index yet, it is
    /// read as a whole.
    case terms

    fileprivate var script: String {
      switch self {
      case .values: "SET plan_cache_mode = force_custom_plan"
      case .terms:
        """
        SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off; SET enable_indexscan = off;
        SET enable_indexonlyscan = off; SET cpu_index_tuple_cost = 1e9
        """
      }
    }

    fileprivate var undo: String {
      switch self {
      case .values: "SET plan_cache_mode = force_generic_plan"
      case .terms:
        """
        SET plan_cache_mode = force_generic_plan; RESET enable_seqscan; RESET enable_indexscan; RESET enable_indexonlyscan;
        RESET cpu_index_tuple_cost
        """
      }
    }
  }

  /// Runs statements with plans of their own.
  func planned<Value>(_ planning: Planning = .values, _ body: () throws(PostgresError) -> Value) throws(PostgresError) -> Value {
    try run(script: planning.script)
    let value: Value
    do throws(PostgresError) { value = try body() } catch {
      if !error.isConnectionLost { try run(script: planning.undo) }
      throw error
    }
    try run(script: planning.undo)
    return value
  }
}
