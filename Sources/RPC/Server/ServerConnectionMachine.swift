import HeadgateProto
import NIOCore

/// The rules of a server's connection, without sockets: which frames are allowed, which streams are open, what ends when.
///
/// An event that does not fit is one of three kinds:
/// 1. The peer broke the protocol in a way that leaves no doubt (an even or reused stream id, a malformed extension frame):
///    `close`. What it meant cannot be known, so nothing further of it is believed.
/// 2. One stream is wrong, the others are not (too many streams, data after the end of a stream): `refuse` or `end`.
/// 3. Legitimate races are dropped silently: data or a cancellation for a stream that has just ended here.
///
/// `Attachment` is what the connection keeps with a stream: its task, its queues.
struct ServerConnectionMachine<Attachment>: ~Copyable {
  struct Limits: Sendable {
    /// Streams open at once.
    var streams: Int
    /// Bytes of requests that are not answered and of stream messages that are not consumed.
    var inFlightBytes: Int
  }

  /// An open stream.
  struct Stream {
    /// The client will send no more.
    var isRemoteClosed: Bool
    /// Has no response yet, only a stream of messages: drains do not wait for it.
    var isServerStream: Bool
    /// Bytes counted against the connection's limit.
    var byteCount: Int
    var deadline: NIODeadline
    var attachment: Attachment
  }

  /// What the client said with a request's flags.
  enum RequestForm: Equatable {
    /// No flags: one request, one response.
    case unary
    /// Further messages may come from the server only.
    case remoteClosed
    /// Messages follow from the client.
    case remoteOpen
  }

  /// What is to be done with a frame.
  enum FrameAction: Equatable {
    case none
    /// Look into the request; then call `opened` or answer without.
    case request(RequestForm)
    /// Answer on this stream with the error; no stream was opened.
    case refuse(RPCError)
    /// Hand the payload (unless `hasMessage` is false) to the stream; `end`: no more comes.
    case data(hasMessage: Bool, end: Bool)
    /// End the open stream with the error.
    case end(RPCError)
    case cancel
    case credit(Int)
    case ping
    /// The peer broke the protocol: say so on the stream that the frame names, and close.
    case close(RPCError)
  }

  private let limits: Limits
  private var streams: [UInt32: Stream] = [:]
  private var deadlines = EarliestDeadline()
  private(set) var lastStreamID: UInt32 = 0
  private(set) var inFlightBytes = 0
  private(set) var isDraining = false
  /// What was agreed in Hello.
  private(set) var extensions: ProtocolExtensions = []

  init(limits: Limits) { self.limits = limits }

  var openStreams: Int { streams.count }

  /// No stream is open.
  var isIdle: Bool { streams.isEmpty }

  /// When `expired` is to be called next.
  var deadline: NIODeadline { deadlines.next }

  /// Hello was answered.
  mutating func agreed(_ extensions: ProtocolExtensions) { self.extensions = extensions }

  // MARK: - Frames

  mutating func received(_ header: FrameHeader, payload: ByteBuffer) -> FrameAction {
    switch header.type {
    case .request: return requestReceived(header)
    case .data: return dataReceived(header)
    case .response: return .close(RPCError(.invalidArgument, "a client does not send responses"))
    case .cancel where extensions.contains(.cancel):
      return streams[header.streamID] == nil ? .none : .cancel
    case .credit where extensions.contains(.credit):
      guard let messages = Credit.decode(payload) else {
        return .close(RPCError(.invalidArgument, "CREDIT carries one positive 32-bit number"))
      }
      return streams[header.streamID] == nil ? .none : .credit(messages)
    case .ping where extensions.contains(.ping):
      guard payload.readableBytes == 8 else { return .close(RPCError(.invalidArgument, "PING carries eight bytes")) }
      return .ping
    default: return .none
    }
  }

  private mutating func requestReceived(_ header: FrameHeader) -> FrameAction {
    guard header.streamID & 1 == 1 else {
      return .close(RPCError(.invalidArgument, "a client's stream ids are odd"))
    }
    guard header.streamID > lastStreamID else {
      return .close(RPCError(.invalidArgument, "stream ids grow and are not used again"))
    }
    lastStreamID = header.streamID
    if isDraining { return .refuse(RPCError(.unavailable, "the server is shutting down")) }
    if header.flags.isSuperset(of: [.remoteClosed, .remoteOpen]) {
      return .refuse(RPCError(.invalidArgument, "a request is remote closed or remote open, not both"))
    }
    if streams.count >= limits.streams {
      return .refuse(RPCError(.resourceExhausted, "more than \(limits.streams) calls at once on one connection"))
    }
    if inFlightBytes + Int(header.length) > limits.inFlightBytes {
      return .refuse(RPCError(.resourceExhausted, "more than \(limits.inFlightBytes) bytes at once on one connection"))
    }
    if header.flags.contains(.remoteOpen) { return .request(.remoteOpen) }
    return .request(header.flags.contains(.remoteClosed) ? .remoteClosed : .unary)
  }

  private mutating func dataReceived(_ header: FrameHeader) -> FrameAction {
    guard header.streamID & 1 == 1, header.streamID <= lastStreamID else {
      return .close(RPCError(.invalidArgument, "data for a stream that was never opened"))
    }
    guard var stream = streams[header.streamID] else { return .none }
    guard !stream.isRemoteClosed else { return .end(RPCError(.invalidArgument, "data after the end of the client's messages")) }
    let hasMessage = !header.flags.contains(.noData)
    let end = header.flags.contains(.remoteClosed)
    if hasMessage {
      guard inFlightBytes + Int(header.length) <= limits.inFlightBytes else {
        return .end(RPCError(.resourceExhausted, "more than \(limits.inFlightBytes) bytes at once on one connection"))
      }
      stream.byteCount += Int(header.length)
      inFlightBytes += Int(header.length)
    }
    stream.isRemoteClosed = end
    streams[header.streamID] = stream
    return .data(hasMessage: hasMessage, end: end)
  }

  // MARK: - Streams

  /// A request was accepted.
  ///
  /// - Parameter byteCount: what the request costs until the stream ends.
  mutating func opened(
    _ streamID: UInt32, isRemoteClosed: Bool, isServerStream: Bool, byteCount: Int, deadline: NIODeadline,
    attachment: consuming Attachment
  ) {
    streams[streamID] = Stream(
      isRemoteClosed: isRemoteClosed, isServerStream: isServerStream, byteCount: byteCount, deadline: deadline,
      attachment: attachment)
    inFlightBytes += byteCount
    deadlines.include(deadline)
  }

  /// The open stream's attachment.
  subscript(streamID: UInt32) -> Attachment? {
    _read { yield streams[streamID]?.attachment }
  }

  /// The open streams whose attachment fits, in the order of their opening.
  func streams(where fits: (Attachment) -> Bool) -> [UInt32] {
    streams.filter { fits($0.value.attachment) }.keys.sorted()
  }

  /// Changes the open stream's attachment.
  mutating func attach(_ attachment: Attachment, to streamID: UInt32) {
    streams[streamID]?.attachment = attachment
  }

  /// A message of the client's was consumed.
  mutating func consumed(_ byteCount: Int, of streamID: UInt32) {
    guard let stream = streams[streamID] else { return }
    let returned = min(byteCount, stream.byteCount)
    streams[streamID]?.byteCount -= returned
    inFlightBytes -= returned
  }

  /// The stream is over; `nil` when it was over before.
  mutating func ended(_ streamID: UInt32) -> Attachment? {
    guard let stream = streams.removeValue(forKey: streamID) else { return nil }
    inFlightBytes -= stream.byteCount
    return stream.attachment
  }

  /// Ends the streams whose deadline has passed and returns them.
  mutating func expired(now: NIODeadline) -> [(streamID: UInt32, attachment: Attachment)] {
    guard now >= deadlines.next else { return [] }
    var expired: [UInt32] = []
    var earliest = NIODeadline.distantFuture
    for (streamID, stream) in streams {
      if stream.deadline <= now { expired.append(streamID) } else { earliest = min(earliest, stream.deadline) }
    }
    deadlines.reset(earliest: earliest, now: now)
    return expired.sorted().compactMap { streamID in ended(streamID).map { (streamID, $0) } }
  }

  /// No further request is accepted. Returns the streams that would not end by themselves; end them with an error.
  mutating func drain() -> [UInt32] {
    isDraining = true
    return streams.filter(\.value.isServerStream).keys.sorted()
  }

  /// The connection is gone: every stream with it.
  mutating func closed() -> [Attachment] {
    defer {
      streams = [:]
      inFlightBytes = 0
      deadlines = EarliestDeadline()
    }
    return streams.values.map(\.attachment)
  }
}
