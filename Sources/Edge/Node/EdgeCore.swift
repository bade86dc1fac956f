package import Addresses
import HeadgateProto
package import Identifiers
package import Logging
import NIOCore
package import Observability
import Synchronization

/// What all connections of an edge node share. Holds no secret and no state of a trigger.
package final class EdgeCore: Sendable {
  package struct Options: Sendable {
    package var limits = HTTPLimits()
    package var timing = ConnectionTiming()
    package var load = EdgeLoad.Limits()
    /// How long the forwarder holds a request whose trigger has no deadline, and how long one attempt may take.
    package var hold = HoldPolicy()
    package var policies = TriggerPolicies.Limits()
    package var resolver = ClientAddressResolver(proxies: .none)
    /// "https://hooks.example.com"; `nil`: the request's Host, and the scheme of its connection.
    package var publicURL: String?
    /// Who may read /metrics on the port of the callers.
    package var metricsOnPublicPort = MetricsAccess.loopback
    /// Every so-manieth request is logged; 0: none.
    package var accessLogEvery = 0

    package init() {}
  }

  /// Who may read /metrics.
  package enum MetricsAccess: String, Sendable, CaseIterable {
    case never
    /// Who connects from this machine, and not through a proxy on it.
    case loopback
    case always
  }

  let options: Options
  package let load: EdgeLoad
  /// What is known of triggers.
  package let policies: TriggerPolicies
  let forwarder: any SubmitForwarder
  let metrics: EdgeMetrics
  let renderMetrics: @Sendable () -> String
  let logger: Logger
  private let identifiers: RequestIDGenerator
  private let clock: (@Sendable () -> WallTime)?
  private let publicURL: [UInt8]?
  private let ownPatience: Admission.Patience
  private let requestsSeen = Atomic<Int>(0)

  /// - Parameters:
  ///   - clock: the wall clock; `nil`: this machine's, corrected by what is known of the control plane's.
  ///   - renderMetrics: what `/metrics` answers.
  package init(
    options: Options, forwarder: any SubmitForwarder, metrics: EdgeMetrics, logger: Logger,
    identifiers: RequestIDGenerator = RequestIDGenerator(), clock: (@Sendable () -> WallTime)? = nil,
    renderMetrics: @escaping @Sendable () -> String = { "" }
  ) {
    self.options = options
    self.forwarder = forwarder
    self.metrics = metrics
    self.logger = logger
    self.identifiers = identifiers
    self.clock = clock
    self.renderMetrics = renderMetrics
    load = EdgeLoad(limits: options.load)
    policies = TriggerPolicies(limits: options.policies)
    ownPatience = Admission.Patience(deadline: options.hold.total, attempt: options.hold.attempt)
    publicURL = options.publicURL.map { Array($0.utf8) }
  }

  /// Requests can be forwarded, and new ones are welcome.
  package var isReady: Bool { forwarder.isReady && !load.isDraining }

  /// The time as the control plane has it.
  func now() -> WallTime {
    if let clock { return clock() }
    let offset = forwarder.clockOffset.components
    let local = WallTime.now.microseconds
    return WallTime(microseconds: max(0, local + offset.seconds * 1_000_000 + offset.attoseconds / 1_000_000_000_000))
  }

  func makeRequestID(at time: WallTime) -> UniqueID { identifiers.next(unixMilliseconds: time.microseconds / 1000) }

  /// Whether this request is one of those that are logged.
  func logsNextRequest() -> Bool {
    guard options.accessLogEvery > 0 else { return false }
    return requestsSeen.wrappingAdd(1, ordering: .relaxed).oldValue % options.accessLogEvery == 0
  }

  /// Whether a trigger takes a request, as far as this edge node knows.
  func policy(_ head: RequestHead, key: ArraySlice<UInt8>, peer: IPAddress, at now: NIODeadline) -> PolicyVerdict {
    policies.admit(key: key, source: { clientAddress(head, peer: peer) }, at: now)
  }

  /// How long a request may wait that must be answered within a deadline; `nil`: the edge node's own.
  func patience(_ deadline: Duration?) -> Admission.Patience {
    deadline.map { Admission.Patience(deadline: $0, attempt: options.hold.attempt) } ?? ownPatience
  }

  /// What the control plane is told of a request.
  func submitRequest(
    _ head: RequestHead, key: ArraySlice<UInt8>, path: ArraySlice<UInt8>, query: ArraySlice<UInt8>, body: [UInt8], id: UniqueID,
    peer: IPAddress, receivedAt: WallTime, isTLS: Bool
  ) -> SubmitRequest {
    SubmitRequest(
      requestId: id.bytes, triggerKey: Array(key), method: head.method, path: Array(path), query: Array(query),
      headers: forwardedFields(head),
      body: body, clientAddress: clientAddress(head, peer: peer).bytes, receivedAtUs: receivedAt.microseconds,
      baseUrl: publicURL ?? (isTLS ? Self.https : Self.http) + head.host)
  }

  private static let http = Array("http://".utf8)
  private static let https = Array("https://".utf8)

  private func clientAddress(_ head: RequestHead, peer: IPAddress) -> IPAddress {
    let resolver = options.resolver
    guard resolver.trusts(peer) else { return peer }
    let name = Array(resolver.header.rawValue.utf8)
    return resolver.resolve(
      peer: peer, lines: head.fields.filter { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) })
  }

  /// The fields without those that Connection names. A name that says where the client is or how the body is read is kept: a
  /// caller must not be able to take away what others rely on.
  private func forwardedFields(_ head: RequestHead) -> [Header] {
    guard !head.connectionNames.isEmpty else { return head.fields }
    return head.fields.filter { !head.connectionNames.contains($0.name) || Self.endToEnd.contains($0.name) }
  }

  private static let endToEnd: Set<[UInt8]> = Set(
    ["host", "content-length", "content-type", "x-forwarded-for", "forwarded"].map { Array($0.utf8) })
}
