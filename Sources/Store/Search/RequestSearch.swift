import Identifiers
import Postgres

/// Looks for requests that match, newest first, in steps of which each does a bounded amount of work: whatever is asked, no
/// statement runs away, and what was found so far can be told at any time, with the place to go on from.
///
/// First come the newest candidates, one after the other: often that is all it takes. Then
/// - a filter that asks for something few requests have goes back in windows of time, in which pages that have nothing are passed
///   over by what `requests_terms` tells of them, or by candidates on, whichever is faster;
/// - a filter that asks for a text, JSON or a block of addresses goes on by days where an index finds a day's matches at once;
/// - any other goes on by candidates.
struct RequestSearch {
  /// How much a step reads, and when to go on by days.
  struct Limits: Sendable {
    var pace = SearchPace.Limits()
    /// More candidates than that are not read where days can be searched.
    var candidatesBeforeDays = 2048
  }

  private let query: SearchQuery
  private let session: PostgresSession
  private let limits: Limits
  private let source: SearchSource
  private var pace: SearchPace
  /// Where the search is: what has greater ids is done.
  private(set) var position: UniqueID
  /// There is nothing before `position`.
  private(set) var isDone = false
  private(set) var found: [UniqueID] = []
  private var candidatesRead = 0
  /// `nil`: not known yet. Newest first.
  private var days: [(first: UniqueID, end: UniqueID)]?
  /// There is nothing before it; `nil`: not known yet.
  private var oldest: UniqueID?

  init(_ query: SearchQuery, on session: PostgresSession, limits: Limits = Limits()) {
    self.query = query
    self.session = session
    self.limits = limits
    source = SearchSource(for: query)
    pace = SearchPace(limits.pace)
    position = query.bound
    if query.triggers?.isEmpty == true || query.bound <= query.least { isDone = true }
  }

  /// Goes on until so many are found, everything was searched, or the time is over; at least one step.
  ///
  /// - Parameter end: `nil`: it takes its time.
  mutating func run(until end: ContinuousClock.Instant?, wanting count: Int) throws(PostgresError) {
    while !isDone, found.count < count {
      try step(until: end, wanting: count - found.count)
      if let end, ContinuousClock.now >= end { return }
    }
  }

  private mutating func step(until end: ContinuousClock.Instant?, wanting count: Int) throws(PostgresError) {
    if wouldReadMany(wanting: count), let day = try dayToSearch() {
      return try searchRange(from: day, wanting: count, planning: .values)
    }
    let way = query.filter.hasTerms ? pace.faster : .candidates
    let began = ContinuousClock.now
    let foundBefore = found.count
    var beganAt = min(position.unixMilliseconds, UnixTime.now().microseconds / 1000)
    switch way {
    case .candidates:
      // Where nothing came lately, what lies before the newest request says nothing of how frequent requests are.
      if let newest = try stepThroughCandidates(wanting: count) { beganAt = newest.unixMilliseconds }
    case .windows:
      let oldest = try readOldest()
      guard position > oldest else {
        isDone = true
        return
      }
      let first = UniqueID.first(atUnixMilliseconds: max(0, beganAt - pace.window))
      try searchRange(from: max(first, oldest), wanting: count, planning: .terms)
      if position <= oldest { isDone = true }
    }
    let now = ContinuousClock.now
    let new = found.count - foundBefore
    pace.went(
      SearchPace.Step(
        way: way, passed: max(0, beganAt - position.unixMilliseconds), took: now - began, remaining: end.map { $0 - now },
        found: new, wanted: count - new))
  }

  // MARK: Candidates

  /// Whether, as frequent as matches are among the candidates read so far, it takes many more to find so many.
  private func wouldReadMany(wanting count: Int) -> Bool {
    guard candidatesRead > 0 else { return false }
    return count * candidatesRead > limits.candidatesBeforeDays * found.count
  }

  /// Returns the newest candidate.
  private mutating func stepThroughCandidates(wanting count: Int) throws(PostgresError) -> UniqueID? {
    let rows = try session.query(source.statement, query.parameters(limit: pace.candidates, bound: position))
    var ids: [UniqueID] = []
    var newest: UniqueID?
    var reached: UniqueID?
    for index in 0..<rows.count {
      var row = rows[index]
      let id = try row.id()
      if try row.bool() { ids.append(id) }
      let place = try row.int64()
      if place == 1 { newest = id }
      if place == pace.candidates { reached = id }
    }
    candidatesRead += pace.candidates
    if ids.count > count {
      // The search goes on behind the last one that is wanted.
      found += ids.prefix(count)
      position = ids[count - 1]
    } else {
      found += ids
      if let reached { position = reached } else { isDone = true }
    }
    return newest
  }

  // MARK: Ranges

  /// The first id of the day to search at once; `nil`: the search is to go on otherwise.
  private mutating func dayToSearch() throws(PostgresError) -> UniqueID? {
    let searchesBodies = query.filter.bodyText != nil || query.filter.bodyJSON != nil
    let searchesBlock = query.filter.address.map { !$0.isSingle } ?? false
    guard searchesBodies || searchesBlock, position.high > 0 else { return nil }
    let last = UniqueID(high: position.low == 0 ? position.high - 1 : position.high, low: position.low &- 1)
    if days == nil { days = try readDays(searchesBodies: searchesBodies) }
    return days?.first { $0.first <= last && last < $0.end }.map { max($0.first, query.least) }
  }

  /// The days whose bodies, or else addresses, have indexes.
  private func readDays(searchesBodies: Bool) throws(PostgresError) -> [(first: UniqueID, end: UniqueID)] {
    let tomorrow = UniqueID.first(atUnixMilliseconds: UnixTime.now().microseconds / 1000 + Self.dayMilliseconds)
    let rows =
      try searchesBodies
      ? session.query(Statements.indexedDays, [.id(query.least), .id(min(position, tomorrow))])
      : session.query(Statements.addressDays)
    var days: [(first: UniqueID, end: UniqueID)] = []
    for index in 0..<rows.count {
      var row = rows[index]
      days.append((try row.id(), try row.id()))
    }
    return days
  }

  private mutating func readOldest() throws(PostgresError) -> UniqueID {
    if let oldest { return oldest }
    // Without a partition there are no requests.
    let rows = try session.query(Statements.oldestPartition)
    var least = max(position, query.least)
    if rows.count > 0 {
      var row = rows[0]
      least = max(try row.id(), query.least)
    }
    oldest = least
    return least
  }

  /// Searches what is before `position`, down to an id.
  private mutating func searchRange(
    from first: UniqueID, wanting count: Int, planning: PostgresSession.Planning
  ) throws(PostgresError) {
    let queries = planning == .terms && query.filter.hasTerms ? query.alternatives : [query]
    var ids: [UniqueID] = []
    try session.planned(planning) { () throws(PostgresError) in
      for query in queries {
        let rows = try session.query(
          Statements.searchRange, query.parameters(limit: count, bound: position, least: first) + query.addressRange)
        for index in 0..<rows.count {
          var row = rows[index]
          ids.append(try row.id())
        }
      }
    }
    if queries.count > 1 { ids.sort(by: >) }
    found += ids.prefix(count)
    position = ids.count >= count ? ids[count - 1] : first
    if position <= query.least { isDone = true }
  }

  private static let dayMilliseconds: Int64 = 86_400_000
}
