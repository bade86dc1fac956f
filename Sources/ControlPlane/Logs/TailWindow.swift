import Identifiers

/// What a tail looks at and what it has shown.
///
/// Requests are found by their ids, which are of the time of receipt, while they become visible when they are committed: a
/// little later, and not in that order. So each look goes a little further back than the one before it, a deep look now and then
/// a good deal further, and what was shown is remembered for as long as a look can find it.
struct TailWindow {
  /// How far looks go back behind the one before.
  struct Reach: Sendable {
    var usual = Duration.seconds(2)
    /// The latest that a record may come after the receipt and still be shown.
    var deep = Duration.seconds(60)
    /// From one deep look to the next.
    var deepEvery = Duration.seconds(5)
  }

  /// One look.
  struct Look: Equatable {
    /// Requests with this id or a greater one.
    var least: UniqueID
    /// But not these.
    var seen: [UniqueID]
  }

  private let reach: Reach
  /// Nothing before it is shown.
  private let floor: UniqueID
  private var seen: Set<UniqueID> = []
  private var lastLook: Int64
  private var lastDeepLook: Int64

  /// - Parameters:
  ///   - floor: the first id that may be shown.
  ///   - nowMs: milliseconds since 1970 UTC.
  init(floor: UniqueID, nowMs: Int64, reach: Reach = Reach()) {
    self.floor = floor
    self.reach = reach
    lastLook = nowMs
    lastDeepLook = nowMs
  }

  /// The next look, that begins now.
  mutating func look(nowMs: Int64) -> Look {
    // A clock that steps back must not make the window end in the future.
    var from = min(lastLook, nowMs) - reach.usual.milliseconds
    if nowMs - lastDeepLook >= reach.deepEvery.milliseconds || nowMs < lastDeepLook {
      from = min(from, nowMs - reach.deep.milliseconds)
      lastDeepLook = nowMs
      let oldest = UniqueID.first(ofMilliseconds: nowMs - 2 * reach.deep.milliseconds)
      seen = seen.filter { $0 >= oldest }
    }
    lastLook = nowMs
    let least = max(floor, .first(ofMilliseconds: from))
    return Look(least: least, seen: seen.filter { $0 >= least })
  }

  /// These were shown, or were there before.
  mutating func add(_ ids: [UniqueID]) { seen.formUnion(ids) }
}

extension Duration {
  fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

extension UniqueID {
  /// The first identifier of a millisecond since 1970 UTC.
  static func first(ofMilliseconds milliseconds: Int64) -> UniqueID {
    UniqueID(high: UInt64(min(max(milliseconds, 0), (1 << 48) - 1)) << 16, low: 0)
  }

  /// The next greater one.
  var successor: UniqueID { low == .max ? UniqueID(high: high &+ 1, low: 0) : UniqueID(high: high, low: low + 1) }
}
