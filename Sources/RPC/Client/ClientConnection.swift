import HeadgateProto
import Logging
import NIOCore
import NIOTLS

/// What a server has said in Hello.
struct ServerGreeting: Sendable {
  var extensions: ProtocolExtensions = []
  /// Messages of a stream that may be outstanding, if credits were negotiated.
  var initialCredit: Int?
  var maximumFrame = FrameHeader.maximumPayload
  /// The server's clock minus ours; `nil`: a plain ttrpc server.
  var clockOffset: Duration?
  var agent = ""
  var instanceID = ""
}

/// One connection of a client: starts calls, feeds frames to the state machine and does what it says. Lives on the channel's
/// event loop.
///
/// Frames that are written in one turn of the event loop leave with one write and one flush.
final class ClientConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What a connection tells its owner, on the event loop.
  struct Observer: Sendable {
    /// Hello was answered, calls may be started.
    var ready: @Sendable (ClientPort, ServerGreeting) -> Void
    /// No further call may be started.
    var goingAway: @Sendable (ClientPort) -> Void
    /// It is gone; called exactly once, also when it never was ready. Not called when nobody could be connected to: that
    /// fails the attempt, which knows the reason and may have tried several addresses.
    var closed: @Sendable (ClientPort, ConnectionLoss) -> Void
  }

  /// Why a connection ended.
  struct ConnectionLoss: Error, Sendable {
    var failure: TransportFailure
    /// The server's own words, such as for an API key that is not valid.
    var refusal: RPCError?
  }

  /// A call in flight.
  enum Call {
    case response((Result<ByteBuffer, RPCError>) -> Void)
    case messages(ReceiveQueue)
    case upload(ReceiveQueue, SendGate)
  }

  /// A turn that has collected this many bytes writes them at once.
  private static let writeThreshold = 256 << 10

  private let configuration: RPCClient.Configuration
  private let port: ClientPort
  private let observer: Observer
  private let logger: Logger
  private var machine: ClientConnectionMachine<Call>
  private var decoder = FrameDecoder()
  private var writer = FrameWriter()
  private var keepAlive: KeepAlive?
  private var greeting = ServerGreeting()
  private var isConnected = false
  private var isReady = false
  private var isRetired = false
  private var loss: ConnectionLoss?
  private var isClosing = false
  private var hasEnded = false
  private var context: ChannelHandlerContext?
  private var wakeUp: Scheduled<Void>?
  private var wakeUpAt = NIODeadline.distantFuture
  private var greetingDeadline: NIODeadline = .distantFuture
  private var isInTurn = false
  private var isFlushScheduled = false
  private var messagesInWriter: [(gate: SendGate, byteCount: Int)] = []

  init(configuration: RPCClient.Configuration, port: ClientPort, observer: Observer, logger: Logger) {
    self.configuration = configuration
    self.port = port
    self.observer = observer
    self.logger = logger
    machine = ClientConnectionMachine(maximumCalls: configuration.limits.callsPerConnection)
  }

  private var now: NIODeadline { port.eventLoop.now }

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
    isConnected = true
    greetingDeadline = now.saturating(adding: TimeAmount(configuration.timeouts.connect))
    schedule()
    if !configuration.usesTLS { greet() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent { greet() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isInTurn = true
    guard !isClosing else { return }
    keepAlive?.heard(now: now)
    decoder.append(unwrapInboundIn(data))
    do {
      while !isClosing, let frame = try decoder.next() { received(frame) }
    } catch {
      fail(TransportFailure(.brokenProtocol, "the peer sent a frame of \(error.header.length) bytes"))
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    endTurn()
    context.fireChannelReadComplete()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(TransportFailure(error))
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
    guard !hasEnded else { return }
    hasEnded = true
    isClosing = true
    wakeUp?.cancel()
    wakeUp = nil
    let loss = loss ?? ConnectionLoss(failure: TransportFailure(.closed, "the connection was closed"))
    let error = RPCError(.unavailable, "the connection was lost: \(loss.failure.reason)")
    port.close(error)
    for call in machine.closed() { finish(call, .failure(error)) }
    for (gate, _) in messagesInWriter { gate.close(error) }
    messagesInWriter = []
    if isConnected { observer.closed(port, loss) }
  }

  // MARK: - Hello

  private func greet() {
    guard !configuration.isPlain else { return proceed() }
    let hello = HelloRequest(
      protocolVersion: ProtocolExtensions.version, extensions: ProtocolExtensions.all.names, agent: configuration.agent)
    let sentAt = WallClock.microseconds()
    // Not weak: that would make every reference count of the connection slower for as long as it lives. The call ends with it.
    ask(SessionServiceMethods.hello, hello) { [self] result in helloAnswered(result, sentAt: sentAt) }
  }

  private func helloAnswered(_ result: Result<HelloResponse, RPCError>, sentAt: Int64) {
    switch result {
    case .success(let response):
      let extensions = ProtocolExtensions(names: response.extensions)
      greeting.extensions = extensions
      greeting.initialCredit = extensions.contains(.credit) ? Int(max(1, response.initialCredit)) : nil
      greeting.maximumFrame = min(FrameHeader.maximumPayload, Int(response.maxFrameBytes))
      let (serverTime, localTime) = (response.serverTimeUs, (sentAt + WallClock.microseconds()) / 2)
      greeting.clockOffset = .microseconds(serverTime.subtractingReportingOverflow(localTime).partialValue)
      greeting.agent = response.agent
      greeting.instanceID = response.instanceId
      machine.agreed(extensions)
      if extensions.contains(.ping) {
        keepAlive = KeepAlive(
          interval: TimeAmount(configuration.timeouts.pingInterval), timeout: TimeAmount(configuration.timeouts.pingTimeout),
          now: now)
      }
      proceed()
    case .failure(let error) where error.code == .unimplemented:
      proceed()  // A plain ttrpc server.
    case .failure(let error): refused(error)
    }
  }

  private func proceed() {
    guard let key = configuration.apiKey else { return ready() }
    ask(SessionServiceMethods.authenticate, AuthenticateRequest(apiKey: key)) { [self] result in
      switch result {
      case .success: ready()
      case .failure(let error): refused(error)
      }
    }
  }

  private func ready() {
    guard !isClosing else { return }
    greetingDeadline = .distantFuture
    isReady = true
    observer.ready(port, greeting)
  }

  /// The server does not want us.
  private func refused(_ error: RPCError) {
    guard !isClosing else { return }
    loss = ConnectionLoss(failure: TransportFailure(.other, error.message), refusal: error)
    close()
  }

  private func ask<Request, Response>(
    _ method: RPCMethod<Request, Response>, _ request: Request, _ complete: @escaping (Result<Response, RPCError>) -> Void
  ) {
    let envelope = RequestEnvelope(service: method.service, method: method.name, payload: EncodedMessage(request))
    start(envelope, deadline: greetingDeadline, call: .response { complete($0.decoded()) })
  }

  // MARK: - Calls

  /// Starts a call with one response. On the event loop; `complete` is called there, never before this returns.
  func start(_ request: RequestEnvelope, deadline: NIODeadline, complete: @escaping (Result<ByteBuffer, RPCError>) -> Void) {
    start(request, deadline: deadline, call: .response(complete))
  }

  @discardableResult
  private func start(_ request: RequestEnvelope, deadline: NIODeadline, call: Call) -> UInt32? {
    if let refusal = refusal(of: request) {
      completeLater(call, refusal)
      return nil
    }
    let expectation: ClientConnectionMachine<Call>.Expectation
    let flags: FrameFlags
    switch call {
    case .response: (expectation, flags) = (.response, [])
    case .messages: (expectation, flags) = (.messages, .remoteClosed)
    case .upload: (expectation, flags) = (.response, .remoteOpen)
    }
    do throws(ClientConnectionMachine<Call>.StartRefusal) {
      let streamID = try machine.start(call, expecting: expectation, deadline: deadline)
      writer.request(request, flags: flags, streamID: streamID)
      if writer.byteCount >= Self.writeThreshold { flush() }
      written()
      return streamID
    } catch {
      switch error {
      case .goingAway: completeLater(call, RPCError(.unavailable, "the server is shutting down"))
      case .tooManyCalls: completeLater(call, RPCError(.resourceExhausted, "too many calls at once on one connection"))
      case .streamIDsUsedUp:
        completeLater(call, RPCError(.unavailable, "the connection has to be made again"))
        retire()
      }
      return nil
    }
  }

  private func refusal(of request: RequestEnvelope) -> RPCError? {
    if isClosing || isRetired { return ClientPort.lost }
    guard request.length > greeting.maximumFrame else { return nil }
    let message = "the request has \(request.length) bytes; the server takes \(greeting.maximumFrame)"
    return RPCError(.resourceExhausted, message, isRetryable: false)
  }

  private func completeLater(_ call: Call, _ error: RPCError) {
    port.eventLoop.assumeIsolatedUnsafeUnchecked().execute { self.finish(call, .failure(error)) }
  }

  private func start(_ call: OutgoingCall) {
    switch call.sink {
    case .response(let complete):
      if let streamID = start(call.request, deadline: call.deadline, call: .response(complete)) { call.token.started(streamID) }
    case .messages(let makeQueue, let complete):
      if let refusal = refusal(of: call.request) { return call.fail(refusal) }
      let queue = makeQueue(port, call.token, greeting.initialCredit)
      if let streamID = start(call.request, deadline: call.deadline, call: .messages(queue)) { call.token.started(streamID) }
      complete(.success(queue))
    case .upload(let queue, let complete):
      if let refusal = refusal(of: call.request) { return call.fail(refusal) }
      let gate = SendGate(credit: greeting.initialCredit, byteLimit: configuration.limits.streamBufferBytes)
      if let streamID = start(call.request, deadline: call.deadline, call: .upload(queue, gate)) { call.token.started(streamID) }
      complete(.success(gate))
    }
  }

  /// Gives a call its result; whatever it was, it is over.
  private func finish(_ call: Call, _ result: Result<ByteBuffer, RPCError>) {
    switch call {
    case .response(let complete): complete(result)
    case .messages(let queue): queue.finish(result.map { _ in })
    case .upload(let queue, let gate):
      if case .success(let payload) = result { _ = queue.push(payload) }
      queue.finish(result.map { _ in })
      if case .failure(let error) = result {
        gate.close(error)
      } else {
        gate.close(RPCError(.cancelled, "the server has answered already"))
      }
    }
  }

  private func abandon(_ streamID: UInt32) {
    guard let call = machine.abandon(streamID) else { return }
    sendCancel(streamID)
    finish(call, .failure(RPCError(.cancelled, "the call was cancelled")))
    closeIfUnused()
  }

  private func sendCancel(_ streamID: UInt32) {
    guard machine.extensions.contains(.cancel) else { return }
    writer.frame(.cancel, streamID: streamID)
    written()
  }

  // MARK: - Frames

  private func received(_ frame: Frame) {
    switch machine.received(frame.header, payload: frame.payload) {
    case .none: break
    case .response(let call, let expectation): responseReceived(frame.payload, call, expectation)
    case .message(let call): messageReceived(frame, call)
    case .lastMessage(let call):
      if case .messages(let queue) = call, !queue.push(frame.payload) { queue.finish(.failure(Self.lagged)) }
      finish(call, .success(ByteBuffer()))
      closeIfUnused()
    case .end(let call):
      finish(call, .success(ByteBuffer()))
      closeIfUnused()
    case .fail(let call, let error):
      sendCancel(frame.header.streamID)
      finish(call, .failure(error))
      closeIfUnused()
    case .credit(let call, let messages):
      if case .upload(_, let gate) = call, !gate.grant(messages) {
        fail(TransportFailure(.brokenProtocol, "the peer granted more credit than 32 bits hold"))
      }
    case .ping:
      writer.frame(.pong, streamID: 0, payload: frame.payload)
      written()
    case .goAway(let goAway, let unprocessed):
      logger.debug("server is going away", metadata: ["reason": "\(goAway.reason)"])
      let error = RPCError(.unavailable, "the server is shutting down")
      for call in unprocessed { finish(call, .failure(error)) }
      observer.goingAway(port)
      if goAway.code != 0, let code = StatusCode(rawValue: Int32(clamping: goAway.code)) {
        loss = ConnectionLoss(failure: TransportFailure(.other, goAway.reason), refusal: RPCError(code, goAway.reason))
      }
      closeIfUnused()
    case .close(let error): fail(TransportFailure(.brokenProtocol, error.message))
    }
  }

  private func responseReceived(_ payload: ByteBuffer, _ call: Call, _ expectation: ClientConnectionMachine<Call>.Expectation) {
    let result = Self.decode(payload)
    if expectation == .messages, case .success(let message) = result, message.readableBytes > 0,
      case .messages(let queue) = call, !queue.push(message)
    {
      queue.finish(.failure(Self.lagged))
    }
    finish(call, result)
    closeIfUnused()
  }

  private func messageReceived(_ frame: Frame, _ call: Call) {
    guard case .messages(let queue) = call, !queue.push(frame.payload) else { return }
    // The reader does not wait for a consumer that lags: the consumer loses its stream.
    guard machine.abandon(frame.header.streamID) != nil else { return }
    sendCancel(frame.header.streamID)
    queue.finish(.failure(Self.lagged))
  }

  private static var lagged: RPCError {
    RPCError(.resourceExhausted, "the stream's messages came faster than they were taken", isRetryable: true)
  }

  private static func decode(_ payload: ByteBuffer) -> Result<ByteBuffer, RPCError> {
    do throws(ProtoDecodingError) {
      let response = try ReceivedResponse(decoding: payload)
      if let status = response.status, let error = RPCError(status) { return .failure(error) }
      return .success(response.payload)
    } catch {
      return .failure(RPCError(.internal, "the server's response is not a ttrpc.v1.Response"))
    }
  }

  // MARK: - Events from elsewhere

  func take(_ events: [ClientEvent]) {
    isInTurn = true
    for event in events {
      switch event {
      case .start(let call): start(call)
      case .message(let token, let message, let gate): send(message, token, gate)
      case .endOfMessages(let token):
        guard let streamID = token.streamID, machine[streamID] != nil else { break }
        writer.frame(.data, flags: [.remoteClosed, .noData], streamID: streamID)
      case .cancel(let token): if let streamID = token.streamID { abandon(streamID) }
      case .grant(let token, let messages):
        guard let streamID = token.streamID, machine[streamID] != nil else { break }
        writer.frame(.credit, streamID: streamID, payload: Credit.encode(messages))
      case .retire: retire()
      case .close: close()
      }
      if writer.byteCount >= Self.writeThreshold { flush() }
    }
    endTurn()
  }

  private func send(_ message: EncodedMessage, _ token: CallToken, _ gate: SendGate) {
    guard let streamID = token.streamID, machine[streamID] != nil else { return }
    writer.data(message, streamID: streamID)
    messagesInWriter.append((gate, message.length))
  }

  private func retire() {
    isRetired = true
    observer.goingAway(port)
    closeIfUnused()
  }

  private func closeIfUnused() {
    if isRetired || machine.isGoingAway, machine.isIdle { close() }
  }

  // MARK: - Writing

  private func written() {
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
    var promise: EventLoopPromise<Void>?
    if !messagesInWriter.isEmpty {
      let sent = messagesInWriter
      messagesInWriter = []
      let written = context.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenComplete { result in
        for (gate, byteCount) in sent {
          switch result {
          case .success: gate.sent(byteCount)
          case .failure: gate.close(ClientPort.lost)
          }
        }
      }
      promise = written
    }
    context.writeAndFlush(wrapOutboundOut(writer.take()), promise: promise)
    writer.reset()
  }

  // MARK: - The end

  private func fail(_ failure: TransportFailure) {
    if loss == nil { loss = ConnectionLoss(failure: failure) }
    close()
  }

  private func close() {
    guard !isClosing else { return }
    isClosing = true
    flush()
    context?.close(promise: nil)
  }

  // MARK: - Time

  private func schedule() {
    guard !isClosing else { return }
    let earliest = min(machine.deadline, greetingDeadline, keepAlive?.deadline ?? .distantFuture)
    guard earliest < wakeUpAt else { return }
    wakeUp?.cancel()
    wakeUpAt = earliest
    wakeUp = port.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(deadline: earliest) { self.wake() }
  }

  private func wake() {
    wakeUpAt = .distantFuture
    isInTurn = true
    let now = now
    if now >= greetingDeadline { fail(TransportFailure(.timedOut, "no answer in time")) }
    let expired = machine.expired(now: now)
    for (streamID, call) in expired {
      sendCancel(streamID)
      finish(call, .failure(RPCError(.deadlineExceeded, "no answer within the timeout")))
    }
    if !expired.isEmpty { act(keepAlive?.callTimedOut(now: now)) }
    act(keepAlive?.deadlineReached(now: now))
    closeIfUnused()
    endTurn()
  }

  private func act(_ action: KeepAlive.Action?) {
    switch action {
    case .ping(let sequence):
      // Nothing has happened for a while: the memory of busier times is given back.
      if writer.isEmpty { writer = FrameWriter() }
      writer.frame(.ping, streamID: 0, payload: ByteBuffer(integer: sequence))
    case .peerIsSilent:
      fail(TransportFailure(.timedOut, "the server is silent"))
      // Closing in order waits for the peer's part of it, which does not come: nobody is to wait for that as well.
      ended()
    case .some(.none), nil: break
    }
  }
}

extension Result<ByteBuffer, RPCError> {
  /// The response message that the payload is.
  func decoded<Response: ProtoMessage>(as type: Response.Type = Response.self) -> Result<Response, RPCError> {
    flatMap { payload in
      do throws(ProtoDecodingError) {
        return .success(try Response(decoding: payload))
      } catch {
        return .failure(RPCError(.internal, "the server's response is not a \(Response.protoName)"))
      }
    }
  }
}
