import Addresses
import HeadgateProto
import Logging
import Metrics
import NIOCore
import Observability

/// Tells a connection that the process is on its way out.
struct DrainEvent: Sendable {}

/// One caller's connection: reads requests, hands them on, writes the answers in order.
///
/// Everything happens in this one handler: what the bytes mean is `RequestParser`'s, what may take how long
/// `ConnectionTimeline`'s; here are their effects. The socket is read while a request is being answered as well: not to would cost
/// two system calls for every request. A caller that pipelines is paused when it is `HTTPLimits.pauseBytes` ahead.
///
/// Nothing refers to a connection weakly, which would make each of its reference counts slower: whoever holds one lets go of it
/// when the connection ends, or at a deadline.
final class HTTPConnection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = Never
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  private let core: EdgeCore
  private let scope: EventLoopScope
  private let peer: IPAddress
  private let isTLS: Bool
  private let port: EdgeServer.Port
  private var context: ChannelHandlerContext?
  private var parser: RequestParser
  private var timeline: ConnectionTimeline
  private var input = ByteBuffer()
  private var current: CurrentRequest?
  /// The answer that is awaited belongs to the request of this number; later ones are strays.
  private var requestNumber: UInt64 = 0
  private var timer: Scheduled<Void>?
  private var timerDeadline = NIODeadline.distantFuture
  private var readIsWanted = false
  private var isProcessing = false
  private var needsFlush = false
  /// No further request is read: the peer has closed its side, or sent more ahead than is kept.
  private var inputIsOver = false

  init(core: EdgeCore, scope: EventLoopScope, peer: IPAddress, isTLS: Bool, port: EdgeServer.Port, openedAt now: NIODeadline) {
    self.core = core
    self.scope = scope
    self.peer = peer
    self.isTLS = isTLS
    self.port = port
    parser = RequestParser(limits: core.options.limits)
    timeline = ConnectionTimeline(timing: core.options.timing, openedAt: now)
  }

  // MARK: - Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    setTimer()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  func channelInactive(context: ChannelHandlerContext) { end() }

  func read(context: ChannelHandlerContext) {
    if wantsBytes { context.read() } else { readIsWanted = true }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    switch timeline.phase {
    case .lingering, .closed: return
    case .awaiting, .head, .body, .answering, .flushing: break
    }
    guard !inputIsOver else { return }
    if input.readableBytes == 0 {
      input = bytes
    } else {
      if input.readerIndex > 0 { input.discardReadBytes() }
      input.writeBuffer(&bytes)
    }
    if timeline.parses {
      process()
    } else if input.readableBytes > core.options.limits.readAheadBytes {
      // Sent ahead without waiting for a single answer, and the socket was read for its end: nothing of it is kept.
      inputIsOver = true
      input = ByteBuffer()
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) { flushIfNeeded() }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard context.channel.isWritable, timeline.phase == .flushing else { return }
    timeline.flushed(at: context.eventLoop.now)
    goOn()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case ChannelEvent.inputClosed: inputClosed()
    case is DrainEvent:
      timeline.drain(at: context.eventLoop.now)
      setTimer()
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  /// A broken socket or TLS session: there is nobody to answer.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    core.logger.debug("connection failed", metadata: ["reason": "\(type(of: error))"])
    close()
  }

  // MARK: - Reading

  private var wantsBytes: Bool {
    timeline.reads || timeline.readsAhead && input.readableBytes < HTTPLimits.pauseBytes
  }

  private func process() {
    guard !isProcessing else { return }
    isProcessing = true
    defer {
      isProcessing = false
      // Keep no more of a read's buffer than is still needed.
      if input.readableBytes == 0 { input = ByteBuffer() }
      setTimer()
    }
    guard input.readableBytes > 0 || inputIsOver, let now = context?.eventLoop.now else { return }
    if parser.isBetweenRequests, input.readableBytes > 0 { timeline.requestStarted(at: now) }
    while timeline.parses {
      do throws(HTTPRefusal) {
        guard let event = try parser.next(&input) else { break }
        switch event {
        case .head(let head): try headReceived(head, at: now)
        case .body(let part): try bodyReceived(part)
        case .end: requestCompleted(at: now)
        }
        // A pipelined request begins as soon as the one before it is answered.
        if parser.isBetweenRequests, input.readableBytes > 0, timeline.parses { timeline.requestStarted(at: now) }
      } catch {
        refuse(error)
      }
    }
    if inputIsOver { finishInput() }
  }

  private func headReceived(_ head: RequestHead, at now: NIODeadline) throws(HTTPRefusal) {
    var route = Route(target: head.target)
    if port == .admin, case .trigger = route { route = .nothing }
    let request = CurrentRequest(head: head, route: route, startedAt: now, receivedAt: core.now())
    if case .trigger(let key, _, _) = route {
      switch core.policy(head, key: key, peer: peer, at: now) {
      case .admitted(let deadline):
        request.deadline = deadline
        // What will be refused is better not read.
        if !core.load.acceptsRequest(core.patience(deadline), at: now) {
          request.refusal = CurrentRequest.Refusal(reason: .overloaded, retryAfter: nil)
        }
      case .limited(let reason, let wait): request.refusal = CurrentRequest.Refusal(reason: reason, retryAfter: wait)
      }
    }
    current = request
    guard head.framing != .none, head.framing != .length(0) else { return }
    timeline.bodyStarted(at: now)
    if let refusal = request.refusal, !head.hasShortBody { return refuse(refusal, keepsAlive: false) }
    guard head.expectsContinue, input.readableBytes == 0 else { return }
    if request.keepsBody {
      write { $0.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n") }
    } else {
      // The caller asked before it sent a body that nobody wants.
      if let refusal = request.refusal {
        refuse(refusal, keepsAlive: false)
      } else {
        answer(localResponse(request), keepsAlive: false)
      }
    }
  }

  private func bodyReceived(_ part: ByteBuffer) throws(HTTPRefusal) {
    let count = part.readableBytes
    timeline.bodyReceived(count)
    guard let keeps = current?.keepsBody, keeps else { return }
    guard core.load.reserve(count) else { throw .overloaded }
    current?.reserved += count
    if let announced = current?.head.announcedLength, current?.body.isEmpty == true {
      current?.body.reserveCapacity(min(max(announced, count), max(CurrentRequest.firstReservation, count)))
    }
    part.withUnsafeReadableBytes { current?.body.append(contentsOf: $0) }
  }

  private func requestCompleted(at now: NIODeadline) {
    guard let request = current else { return }
    let deadline = request.remaining(at: now)
    timeline.requestCompleted(at: now, promise: deadline)
    if let refusal = request.refusal { return refuse(refusal, keepsAlive: request.head.keepsAlive) }
    guard case .trigger(let key, let path, let query) = request.route else {
      return answer(localResponse(request), keepsAlive: request.head.keepsAlive)
    }
    guard core.load.beginRequest(core.patience(request.deadline), at: now) else {
      return refuse(CurrentRequest.Refusal(reason: .overloaded, retryAfter: nil), keepsAlive: request.head.keepsAlive)
    }
    requestNumber += 1
    let number = requestNumber
    let id = core.makeRequestID(at: request.receivedAt)
    let submit = core.submitRequest(
      request.head, key: key, path: path, query: query, body: request.body, id: id, peer: peer, receivedAt: request.receivedAt,
      isTLS: isTLS)
    // The bytes are the forwarder's from here on; they stay counted until it is done.
    current?.body = []
    guard let eventLoop = context?.eventLoop else { return }
    let reserved = request.reserved
    current?.reserved = 0
    let logged = core.logsNextRequest() ? AccessLog.Entry(request: submit) : nil
    core.forwarder.submit(submit, within: deadline, on: eventLoop) { [self] result in
      let end = eventLoop.now
      core.load.endRequest(committedSince: result.isCommitted ? now : nil, at: end)
      core.load.release(reserved)
      logged?.record(result, took: end - request.startedAt, core.logger)
      guard requestNumber == number, timeline.phase == .answering else {
        core.metrics.abandoned.increment()
        return
      }
      submitted(result, at: end)
    }
  }

  private func submitted(_ result: SubmitResult, at now: NIODeadline) {
    guard let request = current else { return }
    switch result {
    case .answered(let response):
      core.metrics.decided(response.outcome)
      let isHidden = response.status == 404 && (response.cause == .unknownKey || response.cause == .disabled)
      answer(
        isHidden ? .notFound : Response(status: Int(response.status), fields: response.headers, body: response.body),
        keepsAlive: request.head.keepsAlive, at: now)
    case .unavailable: answer(.unavailable(), keepsAlive: request.head.keepsAlive, at: now)
    }
    if !isProcessing { goOn() }
  }

  private func localResponse(_ request: CurrentRequest) -> Response {
    switch request.route {
    case .health: return .text(200, "ok\n")
    case .readiness:
      if core.load.isDraining { return .text(503, "draining\n") }
      return core.forwarder.isReady ? .text(200, "ready\n") : .text(503, "not ready: no connection to the control plane\n")
    case .metrics where showsMetrics(request.head):
      return .text(200, core.renderMetrics(), contentType: PrometheusMetrics.contentType)
    case .trigger, .metrics, .nothing: return .notFound
    }
  }

  private func showsMetrics(_ head: RequestHead) -> Bool {
    switch (port, core.options.metricsOnPublicPort) {
    case (.admin, _), (.callers, .always): true
    case (.callers, .never): false
    case (.callers, .loopback): peer.isLoopback && !head.fields.contains { Self.proxyFields.contains($0.name) }
    }
  }

  private static let proxyFields: Set<[UInt8]> = Set(["x-forwarded-for", "forwarded", "via", "x-real-ip"].map { Array($0.utf8) })

  // MARK: - Answering

  /// - Parameter now: the time, where it is known already.
  private func answer(_ response: Response, keepsAlive wanted: Bool, at now: NIODeadline? = nil) {
    guard let context else { return }
    let now = now ?? context.eventLoop.now
    let request = current
    // What had arrived before the peer closed its side is still answered.
    let keepsAlive = wanted && !core.load.isDraining && (!inputIsOver || input.readableBytes > 0)
    write {
      response.write(
        into: &$0, isHead: request?.isHead ?? false,
        persistence: keepsAlive ? (request?.head.minorVersion == 0 ? .explicit : .implicit) : .close,
        date: scope.dateLine())
    }
    core.metrics.answered(response.status)
    if let request { core.metrics.duration.recordNanoseconds((now - request.startedAt).nanoseconds) }
    releaseCurrent()
    if keepsAlive {
      timeline.answered(isTaken: context.channel.isWritable, at: now)
    } else {
      lastAnswerWritten()
    }
  }

  private func refuse(_ refusal: HTTPRefusal) {
    refuse(CurrentRequest.Refusal(reason: refusal, retryAfter: nil), keepsAlive: false)
  }

  private func refuse(_ refusal: CurrentRequest.Refusal, keepsAlive: Bool) {
    core.metrics.refused(refusal.reason)
    answer(.refusal(refusal.reason, retryAfter: refusal.retryAfter), keepsAlive: keepsAlive)
  }

  private func write(_ body: (inout ByteBuffer) -> Void) {
    guard let context else { return }
    context.write(wrapOutboundOut(scope.buffer(body)), promise: nil)
    needsFlush = true
  }

  private func flushIfNeeded() {
    guard needsFlush else { return }
    needsFlush = false
    context?.flush()
  }

  /// After an answer that came on its own, not while reading.
  private func goOn() {
    process()
    flushIfNeeded()
    if readIsWanted, wantsBytes {
      readIsWanted = false
      context?.read()
    }
  }

  // MARK: - The end

  /// Closes our side once the answer is out, and gives the peer time to read it: closing with bytes unread would reset the
  /// connection, and with it the answer (RFC 9112 §9.6).
  private func lastAnswerWritten() {
    guard let context else { return }
    input = ByteBuffer()
    timeline.lastAnswerWritten(at: context.eventLoop.now)
    setTimer()
    needsFlush = false
    let sent = context.eventLoop.makePromise(of: Void.self)
    sent.futureResult.assumeIsolatedUnsafeUnchecked().whenComplete { [self] _ in lastAnswerSent() }
    if inputIsOver {
      // Closing one side when the other is closed would close the socket at once, with the answer unsent.
      context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
    } else {
      context.flush()
      context.close(mode: .output, promise: sent)
    }
    if readIsWanted {
      readIsWanted = false
      self.context?.read()
    }
  }

  private func lastAnswerSent() {
    guard let context else { return }
    timeline.lastAnswerSent(at: context.eventLoop.now)
    if inputIsOver { close() } else { setTimer() }
  }

  private func inputClosed() {
    inputIsOver = true
    switch timeline.phase {
    // Answers may still be on their way out.
    case .awaiting, .head, .body: lastAnswerWritten()
    case .lingering(let isSent): if isSent { close() }
    // The request is complete: the caller may still be waiting for the answer.
    case .answering, .flushing, .closed: break
    }
  }

  /// What has arrived is read, and nothing will follow.
  private func finishInput() {
    switch timeline.phase {
    case .awaiting, .head, .body: lastAnswerWritten()
    case .answering, .flushing, .lingering, .closed: break
    }
  }

  private func close() {
    timeline.closed()
    context?.close(promise: nil)
  }

  private func end() {
    timer?.cancel()
    timer = nil
    timeline.closed()
    releaseCurrent()
    input = ByteBuffer()
    context = nil
  }

  private func releaseCurrent() {
    if let reserved = current?.reserved, reserved > 0 { core.load.release(reserved) }
    current = nil
  }

  // MARK: - Time

  /// One timer per connection, moved only when it would come too late.
  private func setTimer() {
    let deadline = timeline.deadline
    guard let context, deadline < timerDeadline || timer == nil, deadline != .distantFuture else { return }
    timer?.cancel()
    timerDeadline = deadline
    timer = context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(deadline: deadline) { [self] in timerFired() }
  }

  private func timerFired() {
    timer = nil
    timerDeadline = .distantFuture
    guard let eventLoop = context?.eventLoop else { return }
    switch timeline.deadlineReached(at: eventLoop.now) {
    case .none: break
    case .close: close()
    case .refuse(let refusal): refuse(refusal)
    case .giveUpAnswer:
      core.metrics.overdueAnswers.increment()
      answer(.unavailable(), keepsAlive: false)
    }
    setTimer()
  }
}

@available(*, unavailable)
extension HTTPConnection: Sendable {}
