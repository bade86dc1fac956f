/// The places of a request that carry a credential; their values are replaced before the request is stored.
///
/// Signatures are no credentials: a replay verifies them again.
package struct Redactions: Hashable, Sendable {
  /// Lower-case names of header fields.
  package var headers: [[UInt8]]
  /// Names of query parameters, decoded.
  package var parameters: [[UInt8]]

  /// Makes a list of places.
  package init(headers: [[UInt8]] = [], parameters: [[UInt8]] = []) {
    self.headers = headers
    self.parameters = parameters
  }

  /// Nothing but what every request has redacted.
  package static let none = Redactions()

  /// What stands in the place of a value.
  package static let replacement = Array("[redacted]".utf8)

  /// Redacted in every request, whatever the trigger's rule: a caller may send a credential that nobody asked for.
  package static let alwaysHeaders = ["authorization", "proxy-authorization", "cookie"].map { Array($0.utf8) }

  /// The fields with the values of the named ones, and of `alwaysHeaders`, replaced.
  package func apply(toHeaders fields: [HeaderField]) -> [HeaderField] {
    var result = fields
    for index in result.indices {
      let name = result[index].name
      if Self.alwaysHeaders.contains(name) || headers.contains(name) { result[index].value = Self.replacement }
    }
    return result
  }

  /// The query with the values of the named parameters replaced; everything else stays byte for byte.
  package func apply(toQuery query: [UInt8]) -> [UInt8] {
    guard !parameters.isEmpty, !query.isEmpty else { return query }
    var result: [UInt8] = []
    result.reserveCapacity(query.count)
    for (position, pair) in query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).enumerated() {
      if position > 0 { result.append(UInt8(ascii: "&")) }
      guard let equals = pair.firstIndex(of: UInt8(ascii: "=")),
        parameters.contains(FormDecoding.decode(pair[..<equals]))
      else {
        result.append(contentsOf: pair)
        continue
      }
      result.append(contentsOf: pair[...equals])
      result.append(contentsOf: Self.replacement)
    }
    return result
  }
}
