package import Identifiers
import Postgres

/// A secret with the place that it is bound to, to be sealed with another data key.
package struct SealedRow: Hashable, Sendable {
  /// Where it is stored.
  package enum Place: Hashable, Sendable {
    /// `purpose` as `trigger_secrets` has it.
    case trigger(UniqueID, secret: UniqueID, purpose: Int16)
    /// A workspace's variable, by name.
    case variable(String)
    /// What redaction took out of a recorded request.
    case request(UniqueID, trigger: UniqueID)
  }

  package var place: Place
  package var ciphertext: [UInt8]
  /// Of the data key, where the pass goes by it.
  package var version: Int64 = 0
}

/// A kind of secrets, and how far a pass over it has come.
package enum SealedCursor: Hashable, Sendable {
  case secrets(afterTrigger: UniqueID, secret: UniqueID)
  case variables(after: String)
  /// By the version of the data key first; 0: of no known form.
  case requests(afterVersion: Int64, id: UniqueID)

  /// The beginnings of all kinds.
  package static let all: [SealedCursor] = [
    .secrets(afterTrigger: .least, secret: .least), .variables(after: ""), .requests(afterVersion: 0, id: .least),
  ]
}

/// What a data key has sealed.
package struct SealedCount: Hashable, Sendable {
  package var workspace: UniqueID
  /// Of the data key; 0: the ciphertexts are of no known form.
  package var version: Int64
  /// Secrets of triggers and variables.
  package var secrets: Int64
  /// Recorded requests with something that was taken out of them.
  package var requests: Int64
}

extension Store {
  /// What each data key has sealed.
  ///
  /// - Parameter workspace: only this one's; `nil`: all.
  package func sealedCounts(in workspace: UniqueID? = nil) async throws(StoreError) -> [SealedCount] {
    try await read { session in
      try session.query(Statements.countSealed, [.optional(workspace, PostgresValue.id)]).map {
        SealedCount(workspace: try $0.id(), version: try $0.int64(), secrets: try $0.int64(), requests: try $0.int64())
      }
    }
  }

  /// The next secrets of a workspace that another data key than the wanted one has sealed.
  package func sealedRows(
    in workspace: UniqueID, notWith version: UInt32, after cursor: SealedCursor, limit: Int
  ) async throws(StoreError) -> [SealedRow] {
    try await read { session in
      let limit = PostgresValue.int32(Int32(clamping: limit))
      switch cursor {
      case .secrets(let trigger, let secret):
        return try session.query(
          Statements.secretsToReseal, [.id(workspace), .int64(Int64(version)), .id(trigger), .id(secret), limit]
        ).map {
          SealedRow(
            place: .trigger(try $0.id(), secret: try $0.id(), purpose: try $0.int16()), ciphertext: try $0.bytes())
        }
      case .variables(let name):
        return try session.query(
          Statements.variablesToReseal, [.id(workspace), .int64(Int64(version)), .text(name), limit]
        ).map { SealedRow(place: .variable(try $0.text()), ciphertext: try $0.bytes()) }
      case .requests(let after, let id):
        return try session.query(
          Statements.requestsToReseal, [.id(workspace), .int64(Int64(version)), .int64(after), .id(id), limit]
        ).map { row in
          let (trigger, id, version) = (try row.id(), try row.id(), try row.int64())
          return SealedRow(place: .request(id, trigger: trigger), ciphertext: try row.bytes(), version: version)
        }
      }
    }
  }

  /// Replaces ciphertexts in one transaction; what somebody else has changed since it was read stays as it is.
  ///
  /// - Returns: how many were replaced.
  package func reseal(
    _ rows: [(read: SealedRow, sealed: [UInt8])], in workspace: UniqueID
  ) async throws(StoreError) -> Int {
    var secrets: (triggers: [UniqueID], ids: [UniqueID], read: [[UInt8]], sealed: [[UInt8]]) = ([], [], [], [])
    var variables: (names: [String], read: [[UInt8]], sealed: [[UInt8]]) = ([], [], [])
    var requests: (ids: [UniqueID], read: [[UInt8]], sealed: [[UInt8]]) = ([], [], [])
    for row in rows {
      switch row.read.place {
      case .trigger(let trigger, let id, _):
        secrets.triggers.append(trigger)
        secrets.ids.append(id)
        secrets.read.append(row.read.ciphertext)
        secrets.sealed.append(row.sealed)
      case .variable(let name):
        variables.names.append(name)
        variables.read.append(row.read.ciphertext)
        variables.sealed.append(row.sealed)
      case .request(let id, _):
        requests.ids.append(id)
        requests.read.append(row.read.ciphertext)
        requests.sealed.append(row.sealed)
      }
    }
    return try await change { [secrets, variables, requests] session in
      var count = 0
      if !secrets.ids.isEmpty {
        count += try session.query(
          Statements.resealSecrets,
          [.id(workspace), .ids(secrets.triggers), .ids(secrets.ids), .byteStrings(secrets.read), .byteStrings(secrets.sealed)]
        ).affectedCount
      }
      if !variables.names.isEmpty {
        count += try session.query(
          Statements.resealVariables,
          [.id(workspace), .texts(variables.names), .byteStrings(variables.read), .byteStrings(variables.sealed)]
        ).affectedCount
      }
      if !requests.ids.isEmpty {
        count += try session.query(
          Statements.resealRequests,
          [.id(workspace), .ids(requests.ids), .byteStrings(requests.read), .byteStrings(requests.sealed)]
        ).affectedCount
      }
      return count
    }
  }

  /// Replaces the wrappings of data keys in one transaction; each only while it is wrapped with the version named.
  ///
  /// Nobody is told: who has a data key unwrapped needs its wrapping no more.
  ///
  /// - Returns: how many were replaced.
  package func rewrap(_ keys: [(key: DataKeyRow, previous: Int32)]) async throws(StoreError) -> Int {
    try await change { session in
      var count = 0
      for (key, previous) in keys {
        count += try session.query(
          Statements.rewrapDataKey,
          [.id(key.workspace), .int32(key.version), .int32(key.masterKeyVersion), .bytes(key.wrapped), .int32(previous)]
        ).affectedCount
      }
      return count
    }
  }
}
