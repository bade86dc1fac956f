import HeadgateProto
import NIOCore

/// Reads requests off the bytes of a connection, strictly as RFC 9112 has them.
///
/// Where the RFC lets a server be lenient (bare line feeds, folded lines, blanks before colons, repeated lengths), this one
/// refuses: what is read here must not be read differently by anything in front. Bytes are kept as they came. A line is looked
/// at when it is complete, and never kept longer than its limit; after an error the parser must not be used again.
struct RequestParser: Sendable {
  enum Event: Equatable {
    case head(RequestHead)
    /// A part of the body, in order.
    case body(ByteBuffer)
    /// The request is complete.
    case end
  }

  private enum State: Equatable {
    case betweenRequests
    case requestLine
    case fields
    case body(remaining: Int)
    case chunkSize
    case chunk(remaining: Int)
    case chunkEnd
    case trailers
    case complete
  }

  private let limits: HTTPLimits
  private var state = State.betweenRequests
  /// Bytes at the start of the buffer that are known to hold no line feed.
  private var scanned = 0
  private var emptyLines = 0
  private var builder = HeadBuilder()
  private var headerBytes = 0
  private var chunkOverhead = 0
  private var bodyBytes = 0

  init(limits: HTTPLimits) {
    self.limits = limits
  }

  /// Whether nothing of the next request has been read yet.
  var isBetweenRequests: Bool { state == .betweenRequests }

  /// The next event, or `nil` when more bytes are needed. Takes what it has read off the buffer.
  mutating func next(_ buffer: inout ByteBuffer) throws(HTTPRefusal) -> Event? {
    while true {
      switch state {
      case .betweenRequests:
        guard try skipEmptyLines(&buffer) else { return nil }
        state = .requestLine
        builder = HeadBuilder()
        (headerBytes, chunkOverhead, bodyBytes) = (0, 0, 0)
      case .requestLine:
        guard let length = try lineEnd(&buffer, isHead: true) else {
          try checkUnfinishedRequestLine(buffer)
          return nil
        }
        try builder.requestLine(buffer.readableBytesUInt8Span.extracting(0..<length), limits: limits)
        buffer.moveReaderIndex(forwardBy: length + 2)
        state = .fields
      case .fields:
        guard let length = try lineEnd(&buffer, isHead: true) else {
          // One byte may be the first half of the empty line, which does not count.
          guard buffer.readableBytes <= 1 || headerBytes + buffer.readableBytes <= limits.headerBytes else {
            throw .headersTooLarge
          }
          return nil
        }
        if length == 0 {
          buffer.moveReaderIndex(forwardBy: 2)
          return try finishHead()
        }
        headerBytes += length + 2
        guard headerBytes <= limits.headerBytes else { throw .headersTooLarge }
        try builder.fieldLine(buffer.readableBytesUInt8Span.extracting(0..<length), limits: limits)
        buffer.moveReaderIndex(forwardBy: length + 2)
      case .body(let remaining):
        guard let part = buffer.readSlice(length: min(remaining, buffer.readableBytes)), part.readableBytes > 0 else {
          return nil
        }
        let left = remaining - part.readableBytes
        state = left == 0 ? .complete : .body(remaining: left)
        return .body(part)
      case .chunkSize:
        guard let length = try lineEnd(&buffer, isHead: false) else {
          try addChunkOverhead(buffer.readableBytes - HTTPLimits.chunkSizeDigits - 1, final: false)
          return nil
        }
        try readChunkSize(buffer.readableBytesUInt8Span.extracting(0..<length))
        buffer.moveReaderIndex(forwardBy: length + 2)
      case .chunk(let remaining):
        guard let part = buffer.readSlice(length: min(remaining, buffer.readableBytes)), part.readableBytes > 0 else {
          return nil
        }
        let left = remaining - part.readableBytes
        state = left == 0 ? .chunkEnd : .chunk(remaining: left)
        return .body(part)
      case .chunkEnd:
        guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
        guard first == 0x0d else { throw .malformedChunk }
        guard let second = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt8.self) else { return nil }
        guard second == 0x0a else { throw .malformedChunk }
        buffer.moveReaderIndex(forwardBy: 2)
        state = .chunkSize
      case .trailers:
        guard let length = try lineEnd(&buffer, isHead: false) else {
          if buffer.readableBytes > 1 { try addChunkOverhead(buffer.readableBytes, final: false) }
          return nil
        }
        if length == 0 {
          state = .complete
        } else {
          try addChunkOverhead(length + 2, final: true)
          try builder.trailerLine(buffer.readableBytesUInt8Span.extracting(0..<length), limits: limits)
        }
        buffer.moveReaderIndex(forwardBy: length + 2)
      case .complete:
        state = .betweenRequests
        emptyLines = 0
        return .end
      }
    }
  }

  /// Whether a request line can begin.
  private mutating func skipEmptyLines(_ buffer: inout ByteBuffer) throws(HTTPRefusal) -> Bool {
    while let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) {
      guard first == 0x0d else { return true }
      guard let second = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt8.self) else { return false }
      guard second == 0x0a, emptyLines < HTTPLimits.leadingEmptyLines else { throw .malformedRequestLine }
      emptyLines += 1
      buffer.moveReaderIndex(forwardBy: 2)
    }
    return false
  }

  /// Length of the line at the start of the buffer without its CRLF; `nil` while it is not complete. A line feed without a
  /// carriage return ends no line.
  private mutating func lineEnd(_ buffer: inout ByteBuffer, isHead: Bool) throws(HTTPRefusal) -> Int? {
    let bytes = buffer.readableBytesUInt8Span
    var index = scanned
    while index < bytes.count, bytes[index] != 0x0a { index += 1 }
    guard index < bytes.count else {
      scanned = bytes.count
      return nil
    }
    scanned = 0
    guard index > 0, bytes[index - 1] == 0x0d else {
      throw !isHead ? .malformedChunk : state == .requestLine ? .malformedRequestLine : .malformedHeader
    }
    return index - 1
  }

  /// What is surely no HTTP is refused at once and not at the deadline; a target beyond its limit is not waited for.
  private func checkUnfinishedRequestLine(_ buffer: ByteBuffer) throws(HTTPRefusal) {
    let bytes = buffer.readableBytesUInt8Span
    var index = 0
    while index < bytes.count, ByteClass.method.contains(bytes[index]) { index += 1 }
    guard index <= HTTPLimits.methodBytes, index == bytes.count || index > 0 && bytes[index] == 0x20 else {
      throw .malformedRequestLine
    }
    // What may follow the target: " HTTP/1.1\r".
    guard bytes.count - index - 1 <= limits.targetBytes + 10 else { throw .targetTooLong }
  }

  private mutating func finishHead() throws(HTTPRefusal) -> Event {
    let head = try builder.finish(limits: limits)
    switch head.framing {
    case .none, .length(0): state = .complete
    case .length(let length): state = .body(remaining: length)
    case .chunked: state = .chunkSize
    }
    return .head(head)
  }

  /// Counts bytes of extensions or trailers; not `final`: only looks whether they would fit.
  private mutating func addChunkOverhead(_ count: Int, final: Bool) throws(HTTPRefusal) {
    guard chunkOverhead + count <= limits.chunkOverheadBytes else { throw .chunkOverheadTooLarge }
    if final { chunkOverhead += count }
  }

  private mutating func readChunkSize(_ line: borrowing Span<UInt8>) throws(HTTPRefusal) {
    var size = 0
    var digits = 0
    while digits < line.count, let digit = ByteClass.hexDigit(line[digits]) {
      guard digits < HTTPLimits.chunkSizeDigits else { throw .malformedChunk }
      // Beyond the limit the exact size does not matter, and more digits must not overflow.
      size = min(size << 4 | Int(digit), limits.bodyBytes + 1)
      digits += 1
    }
    guard digits > 0 else { throw .malformedChunk }
    if digits < line.count {
      try addChunkOverhead(line.count - digits, final: true)
      guard ChunkExtensions.areWellFormed(line, from: digits) else { throw .malformedChunk }
    }
    bodyBytes += size
    guard bodyBytes <= limits.bodyBytes else { throw .bodyTooLarge }
    state = size == 0 ? .trailers : .chunk(remaining: size)
  }
}
