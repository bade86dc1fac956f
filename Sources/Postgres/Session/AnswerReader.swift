import CPostgres
import Glibc

/// Messages of the server, read past libpq. Source of the format:
/// https://www.postgresql.org/docs/15/protocol-message-formats.html
struct AnswerReader {
  /// The kinds of messages that answer a COPY, or come at any time.
  enum Kind: UInt8 {
    case bindComplete = 0x32  // 2
    case commandComplete = 0x43  // C
    case copyInResponse = 0x47  // G
    case errorResponse = 0x45  // E
    case noticeResponse = 0x4e  // N
    case notificationResponse = 0x41  // A
    case parameterStatus = 0x53  // S
    case readyForQuery = 0x5a  // Z
  }

  private var bytes = [UInt8](repeating: 0, count: AnswerReader.capacity)
  /// What was received and not yet looked at.
  private var unread = 0..<0

  /// Answers are short: a longer one is an error's text, and its buffer grows.
  private static let capacity = 4096
  /// A longer message is none that is expected here.
  private static let maximumLength = 1 << 20

  /// Takes what has arrived at the socket; `false`: the server has closed it, or it is broken.
  mutating func receive(from socket: CInt) -> Bool {
    if unread.isEmpty { unread = 0..<0 }
    if unread.upperBound == bytes.count {
      let rest = Array(bytes[unread])
      if rest.count == bytes.count { bytes.append(contentsOf: repeatElement(0, count: bytes.count)) }
      bytes.replaceSubrange(0..<rest.count, with: rest)
      unread = 0..<rest.count
    }
    let end = unread.upperBound
    let count = bytes.withUnsafeMutableBytes { bytes in
      let free = UnsafeMutableRawBufferPointer(rebasing: bytes[end...])
      return headgate_receive(socket, free.baseAddress, free.count)
    }
    if count < 0 { return errno == EAGAIN || errno == EINTR }
    unread = unread.lowerBound..<(end + count)
    return count > 0
  }

  /// The next message; `nil`: it has not arrived whole.
  ///
  /// - Throws: `.connectionLost` for what cannot be a message of this exchange.
  mutating func next() throws(PostgresError) -> (kind: Kind, body: ArraySlice<UInt8>)? {
    guard unread.count >= Self.headerLength else { return nil }
    let start = unread.lowerBound
    let length = bytes[(start + 1)..<(start + Self.headerLength)].reduce(0) { $0 << 8 | Int($1) }
    guard let kind = Kind(rawValue: bytes[start]), length >= 4, length <= Self.maximumLength else {
      throw PostgresError(.connectionLost, "the server sent a message that was not expected")
    }
    guard unread.count > length else { return nil }
    let end = start + 1 + length
    unread = end..<unread.upperBound
    return (kind, bytes[(start + Self.headerLength)..<end])
  }

  /// Kind and length.
  private static let headerLength = 5
}

extension PostgresError {
  /// Reads the fields of an ErrorResponse: a letter and a text that ends with zero, each.
  init(errorResponse body: ArraySlice<UInt8>) {
    var texts: [UInt8: String] = [:]
    for field in body.split(separator: 0) { texts[field[field.startIndex]] = String(decoding: field.dropFirst(), as: UTF8.self) }
    self.init { texts[$0] ?? "" }
  }
}
