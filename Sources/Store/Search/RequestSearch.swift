import Identifiers
import Postgres

/// Looks for requests that match, newest first, in steps of which each reads a bounded number of rows: whatever is asked, no
/// statement runs away, and what was found so far can be told at any time, with the place to go on from.
///
/// Candidates come from an index. Where a filter leaves a choice of several, all of them take a first small step, and the one
/// that came furthest back goes on. A filter that no such index serves (a text, JSON, a block of addresses) and that has found
/// little among the newest candidates goes on day by day where an index finds a day's matches at once.
struct RequestSearch {
  /// How much a step reads, and when to go on by days.
  struct Limits: Sendable {
    /// Candidates of the first step; each further step reads twice as many.
    var firstStep = 256
    var largestStep = 8192
    /// Candidates that were read in vain before days are searched.
    var candidatesBeforeDays = 2048
  }

  private let query: SearchQuery
  private let session: PostgresSession
  private let limits: Limits
  private var sources: [SearchSource]
  /// Where the search is: what has greater ids is done.
  private(set) var position: UniqueID
  /// There is nothing before `position`.
  private(set) var isDone = false
  private(set) var found: [UniqueID] = []
  private var step: Int
  private var candidatesRead = 0
  /// `nil`: not known yet. Newest first.
  private var days: [(first: UniqueID, end: UniqueID)]?

  init(_ query: SearchQuery, on session: PostgresSession, limits: Limits = Limits()) {
    self.query = query
    self.session = session
    self.limits = limits
    sources = SearchSource.candidates(for: query.filter, triggers: query.triggers != nil)
    position = query.bound
    step = limits.firstStep
    if query.triggers?.isEmpty == true || query.bound <= query.least { isDone = true }
  }

  /// Goes on until so many are found, everything was searched, or the time is over; at least one step.
  mutating func run(until end: ContinuousClock.Instant, wanting count: Int) throws(PostgresError) {
    while !isDone, found.count < count {
      if candidatesRead >= limits.candidatesBeforeDays, let day = try dayToSearch() {
        try searchDay(from: day, wanting: count - found.count)
      } else {
        try stepThroughCandidates(wanting: count - found.count)
      }
      if ContinuousClock.now >= end { return }
    }
  }

  // MARK: Candidates

  /// What a step of a source came to.
  private struct Step {
    var found: [UniqueID]
    /// Down to which id all was seen; `nil`: to the end.
    var reached: UniqueID?
    var source: SearchSource

    func isFurther(than other: Step) -> Bool {
      guard let reached else { return other.reached != nil }
      return other.reached.map { reached < $0 } ?? false
    }
  }

  private mutating func stepThroughCandidates(wanting count: Int) throws(PostgresError) {
    var best: Step?
    for source in sources {
      let step = try read(source)
      if best.map({ step.isFurther(than: $0) }) ?? true { best = step }
      if step.reached == nil { break }
    }
    guard let best else { return }
    sources = [best.source]
    candidatesRead += step
    step = min(step * 2, limits.largestStep)
    take(best.found, wanting: count, reached: best.reached)
  }

  private func read(_ source: SearchSource) throws(PostgresError) -> Step {
    let rows = try session.query(source.statement, query.parameters(limit: step, bound: position))
    var found: [UniqueID] = []
    var reached: UniqueID?
    for index in 0..<rows.count {
      var row = rows[index]
      let id = try row.id()
      if try row.bool() { found.append(id) }
      if try row.bool() { reached = id }
    }
    return Step(found: found, reached: reached, source: source)
  }

  /// Takes what was found; when that is more than is wanted, the search goes on behind the last one that is.
  private mutating func take(_ ids: [UniqueID], wanting count: Int, reached: UniqueID?) {
    if ids.count > count {
      found += ids.prefix(count)
      position = ids[count - 1]
    } else {
      found += ids
      if let reached { position = reached } else { isDone = true }
    }
  }

  // MARK: Days

  /// The ids of the day to search at once; `nil`: candidates are to be read on.
  private mutating func dayToSearch() throws(PostgresError) -> UniqueID? {
    let searchesBodies = query.filter.bodyText != nil || query.filter.bodyJSON != nil
    let searchesBlock = query.filter.address.map { !$0.isSingle } ?? false
    guard searchesBodies || searchesBlock, position.high > 0 else { return nil }
    let last = UniqueID(high: position.low == 0 ? position.high - 1 : position.high, low: position.low &- 1)
    if days == nil { days = try readDays(searchesBodies: searchesBodies) }
    return days?.first { $0.first <= last && last < $0.end }.map { max($0.first, query.least) }
  }

  /// The days whose bodies have indexes, or else all: addresses are indexed on every day.
  private func readDays(searchesBodies: Bool) throws(PostgresError) -> [(first: UniqueID, end: UniqueID)] {
    let tomorrow = UniqueID.first(atUnixMilliseconds: UnixTime.now().microseconds / 1000 + Self.dayMilliseconds)
    let rows =
      try searchesBodies
      ? session.query(Statements.indexedDays, [.id(query.least), .id(min(position, tomorrow))])
      : session.query(Statements.partitionDays)
    var days: [(first: UniqueID, end: UniqueID)] = []
    for index in 0..<rows.count {
      var row = rows[index]
      days.append((try row.id(), try row.id()))
    }
    return days
  }

  private mutating func searchDay(from first: UniqueID, wanting count: Int) throws(PostgresError) {
    let rows = try session.planned { () throws(PostgresError) in
      try session.query(
        Statements.searchDay, query.parameters(limit: count, bound: position, least: first) + query.addressRange)
    }
    var ids: [UniqueID] = []
    for index in 0..<rows.count {
      var row = rows[index]
      ids.append(try row.id())
    }
    found += ids
    position = ids.count == count ? ids[count - 1] : first
    if position <= query.least { isDone = true }
  }

  private static let dayMilliseconds: Int64 = 86_400_000
}

extension PostgresSession {
  /// Runs statements with a plan made for their very values, which pays where values decide about the plan.
  func planned<Value>(_ body: () throws(PostgresError) -> Value) throws(PostgresError) -> Value {
    try run(script: "SET plan_cache_mode = force_custom_plan")
    let value: Value
    do throws(PostgresError) { value = try body() } catch {
      if !error.isConnectionLost { try run(script: "SET plan_cache_mode = force_generic_plan") }
      throw error
    }
    try run(script: "SET plan_cache_mode = force_generic_plan")
    return value
  }
}
