import Postgres

/// Where a search takes its candidates from, newest first: an index in which all requests that can match lie in the order of
/// their ids.
enum SearchSource: Hashable, CaseIterable, Sendable {
  case delivery
  case customer
  case chat
  case address
  case status
  case causes
  case outcomes
  case event
  case triggers
  case all

  /// The sources that a filter leaves a choice of. `all` only where there is no other: every other one reaches further back in
  /// as many candidates.
  static func candidates(for filter: RequestFilter, triggers: Bool) -> [SearchSource] {
    let fitting = allCases.filter { source in
      switch source {
      case .delivery: filter.deliveryID != nil
      case .customer: filter.customer != nil
      case .chat: filter.chat != nil
      case .address: filter.address?.isSingle == true
      // What these indexes leave out is what most requests are.
      case .status: filter.status != nil && filter.status != usualStatus
      case .causes: !filter.causes.isEmpty && !filter.causes.contains(0)
      case .outcomes: !filter.outcomes.isEmpty && !filter.outcomes.contains(usualOutcome)
      case .event: filter.event?.isEmpty == false
      case .triggers: triggers
      case .all: false
      }
    }
    return fitting.isEmpty ? [.all] : fitting
  }

  var statement: PostgresStatement {
    switch self {
    case .delivery: Statements.searchDelivery
    case .customer: Statements.searchCustomer
    case .chat: Statements.searchChat
    case .address: Statements.searchAddress
    case .status: Statements.searchStatus
    case .causes: Statements.searchCauses
    case .outcomes: Statements.searchOutcomes
    case .event: Statements.searchEvent
    case .triggers: Statements.searchTriggers
    case .all: Statements.searchAll
    }
  }

  /// 200.
  private static let usualStatus: Int16 = 200
  /// `headgate.v1.Outcome` ACCEPTED.
  private static let usualOutcome: Int16 = 1
}
