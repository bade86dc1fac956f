import HeadgateProto
import NIOCore

/// The rules of a client's connection, without sockets.
///
/// The three kinds of wrong event are those of `ServerConnectionMachine`; the legitimate race here is a frame for a call
/// that this side has given up (deadline, cancellation). `Call` is what the connection keeps with a call.
struct ClientConnectionMachine<Call>: ~Copyable {
  /// What a call expects from the server.
  enum Expectation: Equatable, Sendable {
    /// One response.
    case response
    /// Any number of messages, then an end.
    case messages
  }

  struct Entry {
    var expectation: Expectation
    var deadline: NIODeadline
    var call: Call
  }

  enum FrameAction {
    case none
    /// The call is over; the payload is a response envelope. The call is no longer known.
    case response(Call, Expectation)
    /// A message of a stream.
    case message(Call)
    /// A message of a stream, and its end. The call is no longer known.
    case lastMessage(Call)
    /// A stream has ended well. The call is no longer known.
    case end(Call)
    /// The server broke the rules of this call: fail it. The call is no longer known.
    case fail(Call, RPCError)
    case credit(Call, Int)
    case ping
    /// New calls are to go elsewhere; these will never be processed by this server.
    case goAway(GoAway, unprocessed: [Call])
    /// The server broke the protocol.
    case close(RPCError)
  }

  /// Why a call cannot be started.
  enum StartRefusal: Error, Equatable {
    case goingAway
    case tooManyCalls
    case streamIDsUsedUp
  }

  private let maximumCalls: Int
  private var calls: [UInt32: Entry] = [:]
  private var deadlines = EarliestDeadline()
  /// `nil`: all numbers are used up.
  private var nextStreamID: UInt32?
  private(set) var isGoingAway = false
  /// What was agreed in Hello.
  private(set) var extensions: ProtocolExtensions = []

  init(maximumCalls: Int, firstStreamID: UInt32 = 1) {
    self.maximumCalls = maximumCalls
    nextStreamID = firstStreamID | 1
  }

  var openCalls: Int { calls.count }

  var isIdle: Bool { calls.isEmpty }

  /// When `expired` is to be called next.
  var deadline: NIODeadline { deadlines.next }

  /// The server answered Hello.
  mutating func agreed(_ extensions: ProtocolExtensions) { self.extensions = extensions }

  // MARK: - Calls

  /// Gives the call a stream.
  mutating func start(
    _ call: consuming Call, expecting expectation: Expectation, deadline: NIODeadline
  ) throws(StartRefusal) -> UInt32 {
    guard !isGoingAway else { throw .goingAway }
    guard let streamID = nextStreamID else { throw .streamIDsUsedUp }
    guard calls.count < maximumCalls else { throw .tooManyCalls }
    let (next, overflow) = streamID.addingReportingOverflow(2)
    nextStreamID = overflow ? nil : next
    calls[streamID] = Entry(expectation: expectation, deadline: deadline, call: call)
    deadlines.include(deadline)
    return streamID
  }

  /// The caller gives up; `nil` when the call is over already.
  mutating func abandon(_ streamID: UInt32) -> Call? {
    calls.removeValue(forKey: streamID)?.call
  }

  /// The open call.
  subscript(streamID: UInt32) -> Call? { calls[streamID]?.call }

  /// Ends the calls whose deadline has passed and returns them.
  mutating func expired(now: NIODeadline) -> [(streamID: UInt32, call: Call)] {
    guard now >= deadlines.next else { return [] }
    var expired: [UInt32] = []
    var earliest = NIODeadline.distantFuture
    for (streamID, entry) in calls {
      if entry.deadline <= now { expired.append(streamID) } else { earliest = min(earliest, entry.deadline) }
    }
    deadlines.reset(earliest: earliest, now: now)
    return expired.sorted().compactMap { streamID in abandon(streamID).map { (streamID, $0) } }
  }

  /// The connection is gone: every call with it.
  mutating func closed() -> [Call] {
    isGoingAway = true
    defer { calls = [:] }
    return calls.values.map(\.call)
  }

  // MARK: - Frames

  mutating func received(_ header: FrameHeader, payload: ByteBuffer) -> FrameAction {
    switch header.type {
    case .response: return responseReceived(header)
    case .data: return dataReceived(header)
    case .request: return .close(RPCError(.internal, "a server does not send requests"))
    case .credit where extensions.contains(.credit):
      guard let messages = Credit.decode(payload) else {
        return .close(RPCError(.internal, "CREDIT carries one positive 32-bit number"))
      }
      return calls[header.streamID].map { .credit($0.call, messages) } ?? .none
    case .ping where extensions.contains(.ping):
      guard payload.readableBytes == 8 else { return .close(RPCError(.internal, "PING carries eight bytes")) }
      return .ping
    case .goAway where extensions.contains(.goAway):
      guard let goAway = GoAway(payload) else { return .close(RPCError(.internal, "GOAWAY is malformed")) }
      return goAwayReceived(goAway)
    default: return .none
    }
  }

  /// Whether a stream with this number was ever opened.
  private func wasOpened(_ streamID: UInt32) -> Bool {
    guard streamID & 1 == 1 else { return false }
    return nextStreamID.map { streamID < $0 } ?? true
  }

  private mutating func responseReceived(_ header: FrameHeader) -> FrameAction {
    if let entry = calls.removeValue(forKey: header.streamID) { return .response(entry.call, entry.expectation) }
    return wasOpened(header.streamID) ? .none : .close(RPCError(.internal, "a response for a stream that was never opened"))
  }

  private mutating func dataReceived(_ header: FrameHeader) -> FrameAction {
    guard let entry = calls[header.streamID] else {
      return wasOpened(header.streamID) ? .none : .close(RPCError(.internal, "data for a stream that was never opened"))
    }
    guard entry.expectation == .messages else {
      calls[header.streamID] = nil
      return .fail(entry.call, RPCError(.internal, "the server sent a message where one response was due"))
    }
    let hasMessage = !header.flags.contains(.noData)
    guard header.flags.contains(.remoteClosed) else { return hasMessage ? .message(entry.call) : .none }
    calls[header.streamID] = nil
    return hasMessage ? .lastMessage(entry.call) : .end(entry.call)
  }

  private mutating func goAwayReceived(_ goAway: GoAway) -> FrameAction {
    isGoingAway = true
    let unprocessed = calls.keys.filter { $0 > goAway.lastStreamID }.sorted()
    return .goAway(goAway, unprocessed: unprocessed.compactMap { abandon($0) })
  }
}
