/// Parameters in the shape in which libpq takes them.
struct EncodedParameters {
  private var bytes: [UInt8] = []
  /// Where each value starts in `bytes`; `nil`: NULL.
  private var offsets: [Int?] = []
  private var lengths: [CInt] = []

  init(_ parameters: [PostgresValue]) {
    offsets.reserveCapacity(parameters.count)
    lengths.reserveCapacity(parameters.count)
    for parameter in parameters {
      let start = bytes.count
      parameter.encode(into: &bytes)
      if case .null = parameter { offsets.append(nil) } else { offsets.append(start) }
      lengths.append(CInt(clamping: bytes.count - start))
    }
    // An empty last value needs an address too.
    bytes.append(0)
  }

  /// Calls with count, values, lengths and formats (all binary).
  func withPointers<Result>(
    _ body: (CInt, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CInt>?, UnsafePointer<CInt>?) -> Result
  ) -> Result {
    bytes.withUnsafeBytes { bytes in
      let start = bytes.assumingMemoryBound(to: CChar.self).baseAddress
      let values = offsets.map { offset in offset.flatMap { offset in start.map { $0 + offset } } }
      let formats = [CInt](repeating: 1, count: lengths.count)
      return values.withUnsafeBufferPointer { values in
        lengths.withUnsafeBufferPointer { lengths in
          formats.withUnsafeBufferPointer { formats in
            body(CInt(lengths.count), values.baseAddress, lengths.baseAddress, formats.baseAddress)
          }
        }
      }
    }
  }
}
