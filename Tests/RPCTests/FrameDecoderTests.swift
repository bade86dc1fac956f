import NIOCore
import Testing

@testable import RPC

@Suite struct FrameDecoderTests {
  private static func bytes(_ type: FrameType, streamID: UInt32 = 1, payload: [UInt8]) -> ByteBuffer {
    var buffer = ByteBuffer()
    FrameHeader(type: type, streamID: streamID, length: payload.count).write(into: &buffer)
    buffer.writeBytes(payload)
    return buffer
  }

  private static func header(length: UInt32) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(length, UInt32(1), UInt8(1), UInt8(0))
    return buffer
  }

  /// A length beyond the limit is refused with the header, before anything is kept for the payload.
  @Test(arguments: [UInt32(4 << 20) + 1, 1 << 31, .max])
  func refusesALongFrameAtItsHeader(length: UInt32) {
    var decoder = FrameDecoder()
    decoder.append(Self.header(length: length))
    #expect(throws: FrameTooLong.self) { try decoder.next() }
  }

  @Test func takesTheLongestFrameAllowedAndAnEmptyOne() throws {
    var decoder = FrameDecoder()
    decoder.append(Self.bytes(.request, payload: [UInt8](repeating: 7, count: 4 << 20)))
    #expect(try decoder.next()?.payload.readableBytes == 4 << 20)
    decoder.append(Self.header(length: 0))
    let empty = try #require(try decoder.next())
    #expect(empty.payload.readableBytes == 0)
    #expect(try decoder.next() == nil)
    #expect(!decoder.isInsideFrame)
  }

  @Test func aLowerLimitHoldsForAPeerWithoutRights() {
    var decoder = FrameDecoder(maximumPayload: 100)
    decoder.append(Self.header(length: 101))
    #expect(throws: FrameTooLong.self) { try decoder.next() }
  }

  /// Three frames, cut at every two places: the same three come out.
  @Test func cutsTheSameFramesHoweverTheBytesArrive() throws {
    let payloads: [[UInt8]] = [[1, 2, 3], [], [UInt8](repeating: 9, count: 20)]
    var whole = ByteBuffer()
    for payload in payloads { whole.writeImmutableBuffer(Self.bytes(.data, payload: payload)) }
    let count = whole.readableBytes
    for first in 0...count {
      for second in stride(from: first, through: count, by: 3) {
        var decoder = FrameDecoder()
        var found: [[UInt8]] = []
        for range in [0..<first, first..<second, second..<count] {
          guard let slice = whole.getSlice(at: range.lowerBound, length: range.count) else { continue }
          decoder.append(slice)
          while let frame = try decoder.next() { found.append(Array(frame.payload.readableBytesView)) }
        }
        #expect(found == payloads)
        #expect(!decoder.isInsideFrame)
      }
    }
  }

  @Test func memoryGrowsWithWhatCameAndNotWithWhatWasAnnounced() throws {
    var decoder = FrameDecoder()
    decoder.append(Self.header(length: 4 << 20))
    #expect(try decoder.next() == nil)
    #expect(decoder.isInsideFrame)
    decoder.append(ByteBuffer(bytes: [1, 2, 3]))
    #expect(try decoder.next() == nil)
    #expect(decoder.isInsideFrame)
  }
}
