import Identifiers
import Postgres

/// The claims of all parts of a batch, made in one statement.
enum DeliveryClaims {
  private struct Key: Hashable, Comparable {
    var workspace: UniqueID
    var trigger: UniqueID
    var deliveryID: [UInt8]

    static func < (left: Key, right: Key) -> Bool {
      if left.workspace != right.workspace { return left.workspace < right.workspace }
      if left.trigger != right.trigger { return left.trigger < right.trigger }
      return left.deliveryID.lexicographicallyPrecedes(right.deliveryID)
    }
  }

  private struct Place: Hashable {
    var draft: Int
    var part: Int
  }

  /// Says of each part whether it repeats a delivery. Within the batch the first one wins. Where something is claimed, a
  /// transaction begins unless there is one.
  ///
  /// A request is no duplicate of its own earlier attempt; of two elements of one request with the same delivery the second is.
  static func settle(_ drafts: inout [IngestDraft], _ session: PostgresSession) throws(PostgresError) {
    var first: [Key: Place] = [:]
    var repeated: [(Key, Place)] = []
    for (index, draft) in drafts.enumerated() {
      let request = draft.entry.request
      for (part, claim) in draft.entry.parts.lazy.map(\.claim).enumerated() {
        guard let claim else { continue }
        let key = Key(workspace: request.workspace, trigger: claim.trigger, deliveryID: claim.deliveryID)
        let place = Place(draft: index, part: part)
        if first[key] == nil { first[key] = place } else { repeated.append((key, place)) }
      }
    }
    guard !first.isEmpty else { return }
    let claims = first.sorted { $0.key < $1.key }
    let holders = try claim(claims, drafts, session)
    for (index, (_, place)) in claims.enumerated() {
      let isOwn = holders[index] == drafts[place.draft].entry.request.id
      drafts[place.draft][place.part].duplicateOf = isOwn ? nil : holders[index]
    }
    guard !repeated.isEmpty else { return }
    let places = Dictionary(uniqueKeysWithValues: claims.enumerated().map { ($0.element.key, $0.offset) })
    for (key, place) in repeated {
      guard let index = places[key] else { continue }
      let isOwn = holders[index] == drafts[place.draft].entry.request.id
      let isRepeated = !isOwn || claims[index].value.draft == place.draft
      drafts[place.draft][place.part].duplicateOf = isRepeated ? holders[index] : nil
    }
  }

  /// Claims what is free; returns the request that has each, now.
  private static func claim(
    _ claims: [(key: Key, value: Place)], _ drafts: [IngestDraft], _ session: PostgresSession
  ) throws(PostgresError) -> [UniqueID] {
    let keys: [PostgresValue] = [
      .ids(claims.map(\.key.workspace)), .ids(claims.map(\.key.trigger)), .byteStrings(claims.map(\.key.deliveryID)),
    ]
    let requests = claims.map { drafts[$0.value.draft].entry.request.id }
    let windows = claims.map { claim in
      drafts[claim.value.draft].entry.parts[claim.value.part].claim?.window.wholeMicroseconds ?? 0
    }
    let claim = PostgresCall(Statements.claimDeliveries, keys + [.ids(requests), .int64s(windows)])
    let claimed = try session.query([claim], beginning: !session.isInTransaction)
    if claimed.first?.affectedCount == claims.count { return requests }
    var holders = [UniqueID?](repeating: nil, count: claims.count)
    let held = try session.query(Statements.deliveryHolders, keys)
    for index in 0..<held.count {
      var row = held[index]
      let place = Int(try row.int64()) - 1
      holders[place] = try row.id()
    }
    let found = holders.compactMap { $0 }
    // Claims are deleted long after they expire; one that is gone all the same is tried for again.
    guard found.count == claims.count else {
      throw PostgresError(.server, "a claim went away", sqlState: PostgresError.serializationFailure, severity: "ERROR")
    }
    return found
  }
}
