import Identifiers
import Postgres

/// A filter as the statements of searches take it.
struct SearchQuery: Sendable {
  var workspace: UniqueID
  var filter: RequestFilter
  /// Those of the filter's trigger and flow; `nil`: any.
  var triggers: [UniqueID]?
  /// Requests have smaller ids.
  var bound: UniqueID
  /// Requests have this id or greater ones.
  var least: UniqueID

  /// - Parameter id: only requests before it; `nil`: from the newest.
  init(_ workspace: UniqueID, _ filter: RequestFilter, triggers: [UniqueID]?, before id: UniqueID? = nil) {
    self.workspace = workspace
    self.filter = filter
    self.triggers = triggers
    // The id's time is the edge node's clock in milliseconds and close to `received_at`: it chooses the partitions, with a
    // margin, and `received_at` decides.
    bound = id ?? .greatest
    least = .least
    if let since = filter.since { least = .first(atUnixMilliseconds: (since - Self.idMargin).microseconds / 1000) }
    if let until = filter.until {
      bound = min(bound, .first(atUnixMilliseconds: (until + Self.idMargin).microseconds / 1000))
    }
  }

  /// $1 to $17.
  ///
  /// - Parameters:
  ///   - limit: $2.
  ///   - bound: $3; `nil`: the query's own.
  ///   - least: $4; `nil`: the query's own.
  func parameters(limit: Int, bound: UniqueID? = nil, least: UniqueID? = nil) -> [PostgresValue] {
    [
      .id(workspace), .int32(Int32(clamping: limit)), .id(bound ?? self.bound), .id(least ?? self.least),
      .optional(filter.since) { .time($0) }, .optional(filter.until) { .time($0) },
      filter.outcomes.isEmpty ? .null : .int16s(filter.outcomes), filter.causes.isEmpty ? .null : .int16s(filter.causes),
      .optional(filter.status) { .int16($0) }, .optional(filter.event) { .bytes($0) },
      .optional(filter.address) { .inet($0.address, prefixLength: $0.prefixLength) },
      .optional(filter.deliveryID) { .bytes($0) }, .optional(filter.customer, PostgresValue.id),
      .optional(filter.chat, PostgresValue.id), .optional(triggers, PostgresValue.ids),
      .optional(filter.bodyText) { .text(TextPattern.containing($0)) },
      .optional(filter.bodyJSON) { .text(String(decoding: $0, as: UTF8.self)) },
    ]
  }

  /// The same search as several, each of which asks for one outcome and one cause at most: of several at once `requests_terms`
  /// knows nothing. What they find together is what this one finds. Itself alone where they would be too many.
  var alternatives: [SearchQuery] {
    var all = [self]
    guard filter.isDivisible else { return all }
    if filter.outcomes.count > 1 {
      all = Set(filter.outcomes).map { outcome in
        var one = self
        one.filter.outcomes = [outcome]
        return one
      }
    }
    guard filter.causes.count > 1 else { return all }
    return all.flatMap { query in
      Set(filter.causes).map { cause in
        var one = query
        one.filter.causes = [cause]
        return one
      }
    }
  }

  /// $18 and $19 of `search_range`.
  var addressRange: [PostgresValue] {
    guard let block = filter.address else { return [.null, .null] }
    let length = block.address.count * 8
    return [.inet(block.first, prefixLength: length), .inet(block.last, prefixLength: length)]
  }

  /// Something restricts that only reading the requests tells: more than their time and trigger.
  var restrictsRequests: Bool {
    var rest = filter
    rest.trigger = nil
    rest.flow = nil
    rest.since = nil
    rest.until = nil
    return rest != RequestFilter()
  }

  private static let idMargin = Duration.seconds(60)
}
