package import HeadgateProto
import Postgres
package import Store

extension RPCError {
  /// What a caller is told of a failed operation of the store.
  ///
  /// - Parameter object: how the object the call is about was named by the caller, for the message.
  package init(_ error: StoreError, object: String = "") {
    let named = object.isEmpty ? "" : " \(object)"
    switch error {
    case .notFound(let kind): self.init(.notFound, "there is no \(kind.word)\(named)")
    case .alreadyExists(let kind): self.init(.alreadyExists, "there is \(kind.article) \(kind.word)\(named) already")
    case .tooMany(let kind): self.init(.resourceExhausted, "there are as many \(kind.word)s as there may be", isRetryable: false)
    case .staleRevision(let current):
      self.init(
        .failedPrecondition, "the flow has been changed since it was read; its revision is \(current) now",
        faults: [Fault(path: "revision", code: "stale", message: "the revision is \(current) now; read again")])
    case .staleSecrets:
      self.init(
        .failedPrecondition, "a secret of the flow has been changed meanwhile",
        faults: [Fault(path: "secrets", code: "stale", message: "a secret has been changed meanwhile; try again")])
    case .staleLease: self.init(.aborted, "the lease is not held any more: its epoch is stale")
    case .unavailable: self.init(.unavailable, "the database is not available")
    case .inDoubt:
      self.init(.unavailable, "the connection to the database broke; the change may have been made", isRetryable: true)
    case .schemaMismatch, .migrationChanged: self.init(.unavailable, "the database's schema is not of this version")
    case .notDurable: self.init(.unavailable, "the database does not guarantee durability")
    case .searchTooLong:
      let advice = "narrow it: by time (since_us, until_us), trigger, event, customer, chat, delivery_id or address"
      self.init(
        .resourceExhausted, "the search takes too long; \(advice)",
        faults: [Fault(path: "since_us", code: "too_wide", message: "the search takes too long; \(advice)")], isRetryable: false)
    case .searchNotUnderstood:
      self.init(
        .invalidArgument, "body_json is JSON that cannot be searched for",
        faults: [Fault(path: "body_json", code: "invalid_value", message: "body_json is JSON that cannot be searched for")])
    case .cancelled: self.init(.cancelled, "the call was cancelled")
    // The database's words may quote what must not be seen; the cause goes to the log under an id.
    case .database(let cause): self = Incident.internalError(cause.description)
    }
  }
}

extension StoredObject {
  /// Before the word.
  fileprivate var article: String { self == .apiKey ? "an" : "a" }

  /// For people.
  fileprivate var word: String {
    switch self {
    case .workspace: "workspace"
    case .dataKey: "data key"
    case .flow: "flow"
    case .flowVersion: "version of the flow"
    case .trigger: "trigger"
    case .secret: "secret"
    case .request: "request"
    case .run: "run"
    case .apiKey: "API key"
    case .certificate: "certificate"
    case .variable: "variable"
    }
  }
}

extension Store {
  /// Runs an operation and turns its failure into what the caller is told.
  func answer<Value>(
    about object: String = "", _ operation: (Store) async throws(StoreError) -> Value
  ) async throws(RPCError) -> Value {
    do {
      return try await operation(self)
    } catch {
      throw RPCError(error, object: object)
    }
  }
}
