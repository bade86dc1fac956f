import Foundation
import Postgres
import Synchronization

/// Stands between a client and PostgreSQL on TCP and cuts the connection where a test says.
package final class PostgresProxy: Sendable {
  /// Where a connection is cut.
  package enum Cut: Sendable {
    /// When the client has sent so many such messages: the server gets it, the client never gets an answer to it. Where
    /// `behind` is given they are counted only from such a message on.
    case answer(to: Message, occurrence: Int = 1, behind: Message? = nil)
    /// When the client has sent so many such messages: the server does not get it.
    case request(Message, occurrence: Int = 1, behind: Message? = nil)
    /// When so many bytes went to the server; it gets those.
    case afterClientBytes(Int)

    fileprivate func counts(from message: ArraySlice<UInt8>) -> Bool {
      switch self {
      case .answer(_, _, let mark), .request(_, _, let mark): mark?.matches(message) ?? true
      case .afterClientBytes: false
      }
    }
  }

  /// A message that a client sends
  /// (https://www.postgresql.org/docs/15/protocol-message-formats.html).
  package struct Message: Sendable {
    private let type: UInt8
    private let text: [UInt8]

    /// Messages of a type that contain a text.
    package init(_ type: Character, containing text: String = "") {
      self.type = type.asciiValue ?? 0
      self.text = Array(text.utf8)
    }

    /// The end of a series of messages of the extended protocol: after it the server commits, unless within a transaction.
    package static let sync = Message("S")
    /// COMMIT being prepared, to be sent with the rows before it.
    package static let prepareCommit = Message("P", containing: "COMMIT")
    /// COMMIT as a simple query.
    package static let commit = Message("Q", containing: "COMMIT")

    func matches(_ message: ArraySlice<UInt8>) -> Bool {
      guard message.first == type else { return false }
      guard !text.isEmpty else { return true }
      guard message.count >= text.count else { return false }
      return (message.startIndex...(message.endIndex - text.count)).contains {
        message[$0..<($0 + text.count)].elementsEqual(text)
      }
    }
  }

  private struct State {
    /// To be made one after the other; each connection counts for itself.
    var cuts: [Cut] = []
    var connections = 0
    var cutCount = 0
    var sockets: Set<CInt> = []
    var isClosed = false
  }

  /// Where clients connect to, on 127.0.0.1.
  package let port: Int
  private let serverPort: Int
  private let listener: CInt
  private let state = Mutex(State())

  /// Starts a proxy for a server on 127.0.0.1.
  package init(to serverPort: Int) throws {
    self.serverPort = serverPort
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = LoopbackAddress.any
    guard address.bind(listener), listen(listener, 64) == 0, let port = LoopbackAddress.port(of: listener) else {
      throw PostgresServer.Failure(message: "the proxy cannot listen")
    }
    self.port = port
    startThread(named: "proxy") { [self] in accept() }
  }

  /// Makes a cut as soon as a connection comes to its place; further ones queue up.
  package func cutNext(_ cut: Cut) { state.withLock { $0.cuts.append(cut) } }

  /// Connections that were cut so far.
  package var cutCount: Int { state.withLock { $0.cutCount } }

  /// Connections made so far.
  package var connectionCount: Int { state.withLock { $0.connections } }

  /// Ends all connections and the proxy.
  package func close() {
    let sockets = state.withLock { state in
      state.isClosed = true
      return state.sockets
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private func accept() {
    while true {
      let client = Foundation.accept(listener, nil, nil)
      guard client >= 0 else { break }
      let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = LoopbackAddress(port: serverPort)
      guard address.connect(server) else {
        Foundation.close(client)
        Foundation.close(server)
        continue
      }
      state.withLock { state in
        state.connections += 1
        state.sockets.formUnion([client, server])
      }
      let connection = ProxiedConnection(client: client, server: server) { [self] in state.withLock { $0.cuts.first } }
      startThread(named: "proxy-server") { connection.pumpAnswers() }
      startThread(named: "proxy-client") { [self] in
        if connection.pumpRequests() {
          state.withLock { state in
            state.cuts.removeFirst()
            state.cutCount += 1
          }
        }
        connection.end()
        state.withLock { $0.sockets.subtract([client, server]) }
      }
    }
    Foundation.close(listener)
  }
}

/// One connection through the proxy: a thread for each direction.
private final class ProxiedConnection: Sendable {
  private let client: CInt
  private let server: CInt
  private let nextCut: @Sendable () -> PostgresProxy.Cut?
  /// Answers are swallowed from now on, up to the one that the server is ready again; it ends the connection.
  private let isMuted = Monitor(false)
  private let answered = Monitor(false)

  init(client: CInt, server: CInt, nextCut: @escaping @Sendable () -> PostgresProxy.Cut?) {
    self.client = client
    self.server = server
    self.nextCut = nextCut
  }

  func pumpAnswers() {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(server, &buffer, buffer.count)
      guard count > 0 else { break }
      if isMuted.withLock({ $0 }) {
        if Self.isReady(buffer.prefix(count)) { break }
        continue
      }
      guard writeAll(buffer.prefix(count), to: client) else { break }
    }
    answered.withLock { $0 = true }
    answered.broadcast()
    shutdown(client, Int32(SHUT_RDWR))
    shutdown(server, Int32(SHUT_RDWR))
  }

  /// Returns whether the connection was cut on purpose.
  func pumpRequests() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var messages = ClientMessages()
    var sent = 0
    var matches = 0
    var isCounting = false
    while true {
      let count = read(client, &buffer, buffer.count)
      guard count > 0 else { return false }
      let cut = nextCut()
      if case .afterClientBytes(let limit) = cut {
        let room = max(0, min(count, limit - sent))
        guard writeAll(buffer[..<room], to: server) else { return false }
        sent += room
        if sent >= limit { return true }
        continue
      }
      messages.append(buffer.prefix(count))
      while let message = messages.next() {
        if !isCounting { isCounting = cut?.counts(from: message) ?? false }
        switch cut {
        case .request(let wanted, let occurrence, _) where isCounting && wanted.matches(message):
          matches += 1
          if matches == occurrence { return true }
        case .answer(let wanted, let occurrence, _) where isCounting && wanted.matches(message):
          matches += 1
          guard matches == occurrence else { break }
          isMuted.withLock { $0 = true }
          _ = writeAll(message, to: server)
          // The server has done it when it is ready again.
          _ = answered.wait(for: .seconds(10)) { $0 ? true : nil }
          return true
        default: break
        }
        guard writeAll(message, to: server) else { return false }
      }
    }
  }

  /// The server has answered everything: what it sent ends with ReadyForQuery.
  private static func isReady(_ answer: ArraySlice<UInt8>) -> Bool { answer.suffix(6).starts(with: Array("Z\0\0\0\u{5}".utf8)) }

  func end() {
    shutdown(client, Int32(SHUT_RDWR))
    shutdown(server, Int32(SHUT_RDWR))
    _ = answered.wait(for: .seconds(10)) { $0 ? true : nil }
    close(client)
    close(server)
  }

  private func writeAll(_ bytes: ArraySlice<UInt8>, to socket: CInt) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = send(socket, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }
}

/// Takes a client's stream apart: a first message without a type, then messages of type, length and content.
private struct ClientMessages {
  private var bytes: [UInt8] = []
  private var isFirst = true

  mutating func append(_ more: ArraySlice<UInt8>) { bytes += more }

  /// The next message that is there as a whole.
  mutating func next() -> ArraySlice<UInt8>? {
    let typeLength = isFirst ? 0 : 1
    guard bytes.count >= typeLength + 4 else { return nil }
    let length = bytes[typeLength..<(typeLength + 4)].reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count >= typeLength + length else { return nil }
    isFirst = false
    defer { bytes.removeFirst(typeLength + length) }
    return bytes[..<(typeLength + length)]
  }
}

/// Ports on 127.0.0.1.
package enum PostgresProxyPort {
  /// A port that nobody listened on a moment ago.
  package static func unused() throws -> Int { try PostgresServer.freePort() }
}
