import Addresses
import HeadgateProto
import Identifiers
import NIOCore
import Postgres
import Rules
import Store

extension ListenSession {
  /// - Parameter url: of the trigger.
  init(_ row: ListenSessionRow, url: String) {
    self.init(
      id: row.id.description, trigger: "\(row.flowName)/\(row.node)", mode: ListenMode(number: Int32(row.mode.rawValue)),
      state: ListenState(number: Int32(row.state.rawValue)), createdAtUs: row.createdAt.microseconds,
      expiresAtUs: row.expiresAt.microseconds, received: UInt64(clamping: row.received), principal: row.principal, url: url)
  }
}

extension ListenEvent {
  /// A request with its leaves, and what could be allowed when it was refused.
  ///
  /// - Throws: `internal` when what is stored cannot be read.
  init(_ row: RequestRow, of trigger: TriggerPosition) throws(RPCError) {
    let entry = try LogEntry(WholeRequest(row: row, flowName: trigger.flowName, node: trigger.node))
    let identity = TriggerIdentity(id: row.trigger.description, flow: trigger.flowName, node: trigger.node)
    self.init(request: entry, leaves: PayloadLeaves.of(IncomingRequest(row, entry.headers), trigger: identity).map(Leaf.init))
    switch entry.cause {
    case .ipNotAllowed: allowIp = IPAddress(bytes: row.clientAddress)?.description ?? ""
    case .originNotAllowed: allowOrigin = String(validating: row.origin, as: UTF8.self) ?? ""
    default: break
    }
  }
}

extension Leaf {
  /// One leaf of a payload.
  init(_ leaf: PayloadLeaf) { self.init(path: leaf.path, value: leaf.value, type: leaf.type) }
}

extension IncomingRequest {
  /// A request as it was recorded: without credentials, and without what only its transport knew.
  ///
  /// - Parameter headers: those of the row, decoded.
  init(_ row: RequestRow, _ headers: [Header]) {
    self.init(
      id: row.id, method: row.method, path: row.path, query: row.query,
      headers: headers.map { HeaderField(name: $0.name, value: $0.value) }, body: row.body ?? [],
      clientAddress: IPAddress(bytes: row.clientAddress), receivedAtUs: row.receivedAt.microseconds)
  }
}
