import CoreMetrics
import HeadgateProto
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// One connection of a server: feeds frames to the state machine and does what it says. Lives on the channel's event loop.
///
/// What is written in one turn of the event loop (a read, a batch of replies) leaves with one write and one flush.
final class ServerConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// A turn that has collected this many bytes writes them at once.
  private static let writeThreshold = 256 << 10

  /// What the connection keeps with an open stream.
  struct Stream {
    var method: RegisteredMethod
    /// When its request came.
    var begun: NIODeadline
    /// The request while its API key is looked up.
    var pending: PendingRequest?
    /// Runs the method, if it is not a direct one; cancelled when the stream ends early.
    var task: Task<Void, Never>?
    var gate: SendGate?
    var queue: ReceiveQueue?
    /// Whose call it is, where the call itself said so; `nil`: the connection's principal's.
    var principal: Principal?
  }

  /// A request that waits for its caller to be known.
  struct PendingRequest {
    var request: ReceivedRequest
    var form: ServerConnectionMachine<Stream>.RequestForm
    var deadline: NIODeadline
  }

  let core: ServerCore
  let port: ServerPort
  var machine: ServerConnectionMachine<Stream>
  var writer = FrameWriter()
  var principal: Principal
  var roles: RoleMask
  var agent = ""
  var peer = ""
  var keepAlive: KeepAlive?
  private(set) var context: ChannelHandlerContext?

  private let usesTLS: Bool
  /// What the connection was opened with; all calls over it end with it.
  private var certificate: CertificateTerm?
  private var presented: PeerCertificate?
  private var decoder: FrameDecoder
  private var registration: UInt64?
  private var timing: ServerTiming
  private var wakeUp: Scheduled<Void>?
  private var wakeUpAt = NIODeadline.distantFuture
  private var isInTurn = false
  private var isFlushScheduled = false
  private var isReadHeldBack = false
  private var isClosing = false
  /// Stream messages in the writer: what their gates are told when the bytes have left.
  private var messagesInWriter: [(gate: SendGate, byteCount: Int)] = []

  /// - Parameters:
  ///   - principal: who the peer is taken for until it proves something else; `nil`: TLS will tell.
  ///   - certificate: is taken for what TLS has told.
  init(core: ServerCore, eventLoop: any EventLoop, principal: Principal? = nil, presenting certificate: PeerCertificate? = nil) {
    self.core = core
    port = ServerPort(eventLoop: eventLoop)
    usesTLS = principal == nil && certificate == nil
    presented = certificate
    self.principal = principal ?? .anonymous
    roles = RoleMask(self.principal.roles)
    let limits = core.configuration.limits
    machine = ServerConnectionMachine(
      limits: .init(streams: limits.streamsPerConnection, inFlightBytes: limits.inFlightBytesPerConnection))
    decoder = FrameDecoder(
      maximumPayload: self.principal.roles.isEmpty ? limits.frameBytesBeforeAuthentication : limits.frameBytes)
    timing = ServerTiming(core.configuration.timeouts, now: eventLoop.now)
  }

  var now: NIODeadline { port.eventLoop.now }

  // MARK: - Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    port.open(self)
    if context.channel.isActive { connected() }
  }

  func channelActive(context: ChannelHandlerContext) {
    connected()
    context.fireChannelActive()
  }

  private func connected() {
    peer = context?.remoteAddress?.displayText ?? ""
    timing.connected(now: now)
    if let presented { certificatePresented(presented) } else if !usesTLS { identified() }
    schedule()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent { handshakeCompleted(context) }
    context.fireUserInboundEventTriggered(event)
  }

  private func handshakeCompleted(_ context: ChannelHandlerContext) {
    let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
    let presented = handler?.peerCertificate
    if presented == nil, core.configuration.acceptsAPIKeysAlone {
      timing.isUnknown(now: now)
      return identified()
    }
    certificatePresented(presented.flatMap(PeerCertificate.init))
  }

  private func certificatePresented(_ certificate: PeerCertificate?) {
    // A resumed session is not verified again, so the validity is.
    guard let certificate, certificate.isValid(at: WallClock.seconds()),
      let principal = core.authenticator.certificate(certificate)
    else {
      core.logger.notice(
        "certificate refused",
        metadata: [
          "peer": "\(peer)", "name": "\(certificate?.commonName ?? "")", "serial": "\(certificate?.serialText ?? "")",
        ])
      core.metrics.refused.increment()
      close()
      return
    }
    self.certificate = CertificateTerm(certificate, now: now, second: WallClock.seconds())
    accept(principal)
    identified()
  }

  /// Makes the principal the connection's own.
  func accept(_ principal: Principal) {
    self.principal = principal
    roles = RoleMask(principal.roles)
    if !principal.roles.isEmpty { credentialAccepted() }
    if let registration { core.update(registration, principal: principal, agent: agent) }
  }

  /// The peer has shown a right to be here: larger frames are read.
  func credentialAccepted() {
    decoder.maximumPayload = core.configuration.limits.frameBytes
    timing.authenticated()
  }

  private func identified() {
    guard registration == nil, !isClosing else { return }
    timing.identified(now: now)
    let registered = core.register(port, principal: principal, certificate: certificate?.certificate, address: peer)
    registration = registered.id
    if let deadline = registered.drainDeadline { drain(by: deadline, because: ServerCore.shuttingDown) }
  }

  /// The peer has named its program.
  func named(_ agent: String) {
    self.agent = agent
    if let registration { core.update(registration, principal: principal, agent: agent) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isInTurn = true
    guard !isClosing else { return }
    let now = now
    keepAlive?.heard(now: now)
    let bytes = unwrapInboundIn(data)
    core.metrics.receivedBytes.increment(by: Int64(bytes.readableBytes))
    decoder.append(bytes)
    do {
      while !isClosing, let frame = try decoder.next() {
        timing.frameReceived(now: now)
        received(frame, now: now)
      }
    } catch {
      refuseConnection(
        RPCError(
          .resourceExhausted, "a frame of \(error.header.length) bytes; \(error.maximumPayload) are allowed", isRetryable: false),
        streamID: error.header.streamID)
    }
    timing.read(now: now, isInsideFrame: decoder.isInsideFrame)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    endTurn()
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    // A peer that does not read its responses is not read from either.
    if context.channel.isWritable { context.read() } else { isReadHeldBack = true }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    let isWritable = context.channel.isWritable
    timing.writabilityChanged(isWritable: isWritable, now: now)
    if isWritable, isReadHeldBack {
      isReadHeldBack = false
      context.read()
    }
    schedule()
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let failure = TransportFailure(error)
    if failure.isPeersFault { core.metrics.refused.increment() }
    core.logger.debug("connection failed", metadata: ["peer": "\(peer)", "reason": "\(failure)"])
    close()
  }

  func channelInactive(context: ChannelHandlerContext) {
    ended()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    ended()
    self.context = nil
  }

  private func ended() {
    isClosing = true
    wakeUp?.cancel()
    wakeUp = nil
    port.close()
    if let registration { core.unregister(registration) }
    registration = nil
    let error = RPCError(.cancelled, "the connection was closed")
    for stream in machine.closed() { stop(stream, error) }
    for (gate, _) in messagesInWriter { gate.close(error) }
    messagesInWriter = []
  }

  // MARK: - Frames

  private func received(_ frame: Frame, now: NIODeadline) {
    let streamID = frame.header.streamID
    switch machine.received(frame.header, payload: frame.payload) {
    case .none: break
    case .request(let form): requestReceived(frame, form: form, now: now)
    case .refuse(let error): refuse(streamID, error, method: nil)
    case .data(let hasMessage, let end): dataReceived(frame, hasMessage: hasMessage, end: end)
    case .end(let error): end(streamID, error)
    case .cancel: cancelled(streamID)
    case .credit(let messages):
      if machine[streamID]?.gate?.grant(messages) == false {
        refuseConnection(RPCError(.invalidArgument, "more credit than 32 bits hold"), streamID: streamID)
      }
    case .ping: writer.frame(.pong, streamID: 0, payload: frame.payload)
    case .close(let error): refuseConnection(error, streamID: streamID)
    }
    if writer.byteCount >= Self.writeThreshold { flush() }
  }

  private func dataReceived(_ frame: Frame, hasMessage: Bool, end: Bool) {
    guard let queue = machine[frame.header.streamID]?.queue else { return }
    if hasMessage, !queue.push(frame.payload) {
      return self.end(
        frame.header.streamID, RPCError(.resourceExhausted, "the messages came faster than they were taken", isRetryable: false))
    }
    if end { queue.finish(.success(())) }
  }

  private func cancelled(_ streamID: UInt32) {
    guard let stream = machine.ended(streamID) else { return }
    stream.method.metrics.count(.cancelled)
    stop(stream, RPCError(.cancelled, "the caller cancelled the call"))
    closeIfDrained()
  }

  // MARK: - Answers

  /// Answers a request for which no stream was opened.
  func refuse(_ streamID: UInt32, _ error: RPCError, method: RegisteredMethod?) {
    (method?.metrics ?? core.metrics.unknownMethod).count(error.code)
    writer.response(error, streamID: streamID)
    written()
  }

  /// The result of a unary or client-stream method. Dropped when the stream is over.
  func replied(_ streamID: UInt32, _ result: Result<EncodedMessage, RPCError>) {
    guard let stream = machine.ended(streamID) else { return }
    switch result.map({ ResponseEnvelope(payload: $0) }) {
    case .success(let response) where response.length > FrameHeader.maximumPayload:
      answer(streamID, RPCError(.resourceExhausted, "the response is longer than a frame may be", isRetryable: false), stream)
    case .success(let response):
      count(.ok, stream)
      writer.response(response, streamID: streamID)
    case .failure(let error): answer(streamID, error, stream)
    }
    stream.queue?.abandon()
    written()
    closeIfDrained()
  }

  /// Ends an open stream with an error and stops its method.
  func end(_ streamID: UInt32, _ error: RPCError) {
    guard let stream = machine.ended(streamID) else { return }
    answer(streamID, error, stream)
    stop(stream, error)
    written()
    closeIfDrained()
  }

  private func answer(_ streamID: UInt32, _ error: RPCError, _ stream: Stream) {
    count(error.code, stream)
    writer.response(error, streamID: streamID)
  }

  /// How long a stream lasted says nothing of this server.
  private func count(_ code: StatusCode, _ stream: Stream) {
    if stream.method.isStream {
      stream.method.metrics.count(code)
    } else {
      stream.method.metrics.count(code, nanoseconds: (now - stream.begun).nanoseconds)
    }
  }

  private func stop(_ stream: Stream, _ error: RPCError) {
    stream.task?.cancel()
    stream.gate?.close(error)
    stream.queue?.abandon()
  }

  private func streamEnded(_ streamID: UInt32, _ result: Result<Void, RPCError>) {
    switch result {
    case .failure(let error): end(streamID, error)
    case .success:
      guard let stream = machine.ended(streamID) else { return }
      stream.method.metrics.count(.ok)
      writer.frame(.data, flags: [.remoteClosed, .noData], streamID: streamID)
      written()
      closeIfDrained()
    }
  }

  /// Sends a message of a server stream. Its length was checked when it was handed in.
  private func send(_ message: EncodedMessage, on streamID: UInt32, _ gate: SendGate) {
    guard machine[streamID] != nil else { return }
    writer.data(message, streamID: streamID)
    messagesInWriter.append((gate, message.length))
    written()
  }

  // MARK: - Events from elsewhere

  func take(_ events: [ServerEvent]) {
    isInTurn = true
    for event in events {
      switch event {
      case .replied(let streamID, let result): replied(streamID, result)
      case .message(let streamID, let message, let gate): send(message, on: streamID, gate)
      case .streamEnded(let streamID, let result): streamEnded(streamID, result)
      case .consumed(let streamID, let byteCount): machine.consumed(byteCount, of: streamID)
      case .grant(let streamID, let messages): grant(messages, on: streamID)
      case .requestAuthenticated(let streamID, let result): requestAuthenticated(streamID, result)
      case .connectionAuthenticated(let streamID, let result): connectionAuthenticated(streamID, result)
      case .drain(let deadline, let reason): drain(by: deadline, because: reason)
      case .rightsEnded(let fits, let error): rightsEnded(fits, error)
      case .certificatesRevoked(let fits):
        if let certificate, fits(certificate.certificate) {
          certificateEnded(RPCError(.unauthenticated, "the certificate has been revoked"))
        }
      }
      if writer.byteCount >= Self.writeThreshold { flush() }
    }
    endTurn()
  }

  /// Rights have ended, of this connection's principal or of some that single calls are made for.
  private func rightsEnded(_ fits: (Principal) -> Bool, _ error: RPCError) {
    let isOwn = fits(principal)
    for streamID in machine.streams(where: { $0.principal.map(fits) ?? isOwn }) { end(streamID, error) }
    if isOwn { refuseConnection(error, streamID: 0) }
  }

  /// What the connection was opened with holds no more: nothing goes on over it, whoever makes the calls.
  private func certificateEnded(_ error: RPCError) {
    for streamID in machine.streams(where: { _ in true }) { end(streamID, error) }
    refuseConnection(error, streamID: 0)
  }

  private func grant(_ messages: Int, on streamID: UInt32) {
    guard machine[streamID] != nil else { return }
    writer.frame(.credit, streamID: streamID, payload: Credit.encode(messages))
    written()
  }

  private func drain(by deadline: NIODeadline, because reason: String) {
    timing.drainDeadline = deadline
    let endless = machine.drain()
    if machine.extensions.contains(.goAway) {
      let goAway = GoAway(lastStreamID: machine.lastStreamID, reason: reason)
      writer.frame(.goAway, streamID: 0, payload: goAway.payload)
      written()
    }
    for streamID in endless { end(streamID, RPCError(.unavailable, reason)) }
    closeIfDrained()
    schedule()
  }

  /// Closes when a drain has nothing left to wait for. A client that was told to go away closes by itself: if we closed
  /// while a request of its is on the way, the system would throw away the responses that it has not read yet.
  private func closeIfDrained() {
    guard machine.isDraining, machine.isIdle else { return }
    if machine.extensions.contains(.goAway) {
      timing.drained(now: now)
      schedule()
    } else {
      close()
    }
  }

  // MARK: - Writing

  /// Something is in the writer: it leaves at the end of this turn.
  func written() {
    guard !isInTurn, !isFlushScheduled else { return }
    isFlushScheduled = true
    port.eventLoop.assumeIsolatedUnsafeUnchecked().execute {
      self.isFlushScheduled = false
      self.endTurn()
    }
  }

  private func endTurn() {
    isInTurn = false
    flush()
    schedule()
  }

  private func flush() {
    guard let context, !writer.isEmpty else { return }
    let promise: EventLoopPromise<Void>?
    if messagesInWriter.isEmpty {
      promise = nil
    } else {
      let sent = messagesInWriter
      messagesInWriter = []
      let written = context.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenComplete { result in
        for (gate, byteCount) in sent {
          switch result {
          case .success: gate.sent(byteCount)
          case .failure: gate.close(RPCError(.cancelled, "the connection was closed"))
          }
        }
      }
      promise = written
    }
    let bytes = writer.take()
    core.metrics.sentBytes.increment(by: Int64(bytes.readableBytes))
    context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
    writer.reset()
  }

  // MARK: - The end

  /// The peer broke the protocol: says so on the stream, if one can be named, and closes.
  func refuseConnection(_ error: RPCError, streamID: UInt32) {
    core.logger.notice(
      "connection refused", metadata: ["peer": "\(peer)", "principal": "\(principal.name)", "reason": "\(error.message)"])
    core.metrics.refused.increment()
    if streamID == 0, machine.extensions.contains(.goAway) {
      let goAway = GoAway(lastStreamID: machine.lastStreamID, code: UInt32(error.code.rawValue), reason: error.message)
      writer.frame(.goAway, streamID: 0, payload: goAway.payload)
    } else {
      writer.response(error, streamID: streamID)
    }
    close()
  }

  func close() {
    guard !isClosing else { return }
    isClosing = true
    flush()
    context?.close(promise: nil)
  }

  // MARK: - Time

  /// Makes sure that `wake` is called no later than the earliest deadline.
  private func schedule() {
    guard !isClosing else { return }
    var earliest = min(machine.deadline, timing.deadline(isIdle: machine.isIdle, answersPings: keepAlive != nil))
    if let keepAlive { earliest = min(earliest, keepAlive.deadline) }
    if let certificate { earliest = min(earliest, certificate.deadline) }
    guard earliest < wakeUpAt else { return }
    wakeUp?.cancel()
    wakeUpAt = earliest
    wakeUp = port.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(deadline: earliest) { self.wake() }
  }

  private func wake() {
    wakeUpAt = .distantFuture
    isInTurn = true
    let now = now
    for (streamID, stream) in machine.expired(now: now) {
      let error = RPCError(.deadlineExceeded, "the call took longer than its timeout")
      answer(streamID, error, stream)
      stop(stream, error)
    }
    switch keepAlive?.deadlineReached(now: now) {
    case .ping(let sequence):
      // Nothing has happened for a while: the memory of busier times is given back.
      if writer.isEmpty { writer = FrameWriter() }
      writer.frame(.ping, streamID: 0, payload: ByteBuffer(integer: sequence))
    case .peerIsSilent: giveUp("the peer is silent")
    case .some(.none), nil: break
    }
    if certificate?.deadlineReached(now: now, second: WallClock.seconds()) == .expired {
      certificateEnded(RPCError(.unauthenticated, "the certificate has expired"))
    }
    if let reason = timing.deadlineReached(now: now, isIdle: machine.isIdle, answersPings: keepAlive != nil) {
      giveUp(reason.rawValue)
    }
    closeIfDrained()
    endTurn()
  }

  private func giveUp(_ reason: String) {
    guard !isClosing else { return }
    core.logger.info(
      "connection given up", metadata: ["peer": "\(peer)", "principal": "\(principal.name)", "reason": "\(reason)"])
    close()
  }
}
