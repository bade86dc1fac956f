import Postgres

/// Where a search takes its candidates from, newest first: an index in which all requests that can match lie in the order of
/// their ids.
enum SearchSource: Hashable, CaseIterable, Sendable {
  case triggers
  case all

  init(for query: SearchQuery) { self = query.triggers == nil ? .all : .triggers }

  var statement: PostgresStatement {
    switch self {
    case .triggers: Statements.searchTriggers
    case .all: Statements.searchAll
    }
  }
}

extension RequestFilter {
  /// Whether it asks for something that is in few requests, so that most pages can be passed over by what `requests_terms`
  /// tells of them.
  var hasTerms: Bool {
    if isNarrow || event?.isEmpty == false { return true }
    if let status, status != Self.usualStatus { return true }
    return isDivisible && (Self.isTelling(causes, except: Self.usualCause) || Self.isTelling(outcomes, except: Self.usualOutcome))
  }

  /// Whether it asks for what only a few requests of all have.
  var isNarrow: Bool { deliveryID != nil || customer != nil || chat != nil || address?.isSingle == true }

  /// Whether its outcomes and causes are few enough to be looked for one by one.
  var isDivisible: Bool { max(outcomes.count, 1) * max(causes.count, 1) <= Self.alternativesAtMost }

  private static func isTelling(_ values: [Int16], except usual: Int16) -> Bool {
    !values.isEmpty && !values.contains(usual)
  }

  private static let alternativesAtMost = 4
  /// 200.
  private static let usualStatus: Int16 = 200
  /// None.
  private static let usualCause: Int16 = 0
  /// `headgate.v1.Outcome` ACCEPTED.
  private static let usualOutcome: Int16 = 1
}
