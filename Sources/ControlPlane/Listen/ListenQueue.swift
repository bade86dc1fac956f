package import Identifiers
package import Store

/// What waits for one listener. A value without clock and I/O.
///
/// Requests come from three sides (this replica's memory, other replicas, the database after a cut) and each is shown once:
/// `claim` decides. When too much waits, requests are left out and counted instead.
package struct ListenQueue {
  /// What a listener gets next.
  package enum Item: Sendable {
    case request(RequestRow)
    /// So many requests were left out here.
    case lagged(UInt64)
  }

  /// How much may wait.
  package struct Limits: Sendable {
    package var requests = 256
    /// Of bodies, headers and explanations.
    package var bytes = 4 << 20
    /// Ids that are remembered, so that none is shown twice.
    package var seen = 65_536

    package init() {}
  }

  private let limits: Limits
  private var items: [Item] = []
  private var head = 0
  private var waiting = 0
  private var bytes = 0
  private var seen: Set<UniqueID>
  /// Everything before it counts as seen.
  private var floor = UniqueID(high: 0, low: 0)
  /// Requests are taken in; before that the database is read.
  private(set) var isLive = false

  /// Makes a queue.
  ///
  /// - Parameter seen: what the listener has already.
  package init(_ limits: Limits = Limits(), seen: Set<UniqueID> = []) {
    self.limits = limits
    self.seen = seen
  }

  /// Whether nothing waits.
  package var isEmpty: Bool { head == items.count }

  /// From now on `offer` takes requests in.
  package mutating func goLive() { isLive = true }

  /// Whether a request is still to be shown; it is not any more afterwards.
  package mutating func claim(_ id: UniqueID) -> Bool {
    guard id >= floor, seen.insert(id).inserted else { return false }
    if seen.count > limits.seen { forgetOldest() }
    return true
  }

  /// Whether `claim` would say yes.
  package func lacks(_ id: UniqueID) -> Bool { id >= floor && !seen.contains(id) }

  /// Takes a request in, unless it is known.
  ///
  /// - Returns: whether something waits that did not wait before.
  package mutating func offer(_ row: RequestRow) -> Bool {
    guard isLive, claim(row.id) else { return false }
    let size = row.listenSize
    // One request alone may be larger than the limit.
    guard waiting < limits.requests, bytes + size <= limits.bytes || waiting == 0 else {
      if case .lagged(let count) = items.last, !isEmpty {
        items[items.count - 1] = .lagged(count + 1)
      } else {
        items.append(.lagged(1))
      }
      return true
    }
    items.append(.request(row))
    waiting += 1
    bytes += size
    return true
  }

  /// The next item; `nil`: nothing waits.
  package mutating func take() -> Item? {
    guard !isEmpty else { return nil }
    let item = items[head]
    head += 1
    if case .request(let row) = item {
      waiting -= 1
      bytes -= row.listenSize
    }
    if head == items.count || head > limits.requests {
      items.removeFirst(head)
      head = 0
    }
    return item
  }

  /// Half of what is remembered goes, by age: what is that old is in the database and has been shown.
  private mutating func forgetOldest() {
    let sorted = seen.sorted()
    floor = sorted[sorted.count / 2]
    seen = Set(sorted[(sorted.count / 2)...])
  }
}

extension RequestRow {
  fileprivate var listenSize: Int { (body?.count ?? 0) + headers.count + explanation.count + query.count }
}
