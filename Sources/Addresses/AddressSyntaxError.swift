/// Why a configured address, block or origin is not one; the description is one sentence for the person who wrote it.
package enum AddressSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Neither an address nor a block.
  case notAnAddress
  /// What follows the "/" is not a prefix length of the address's family.
  case prefixLengthInvalid(maximum: Int)
  /// The address has bits outside of the block; the associated value is the block that it lies in.
  case hostBitsSet(block: String)
  /// Not `scheme://host[:port]`.
  case notAnOrigin
  /// An origin has no path, query or user.
  case originHasMore
  /// "*" stands anywhere but as the whole first label over at least two others.
  case wildcardMisplaced
  /// The port is not 1 to 65535.
  case portInvalid

  package var description: String {
    switch self {
    case .notAnAddress: "not an IPv4 or IPv6 address or CIDR block, such as 203.0.113.7 or 2001:db8::/32"
    case .prefixLengthInvalid(let maximum): "the prefix length is a number from 0 to \(maximum)"
    case .hostBitsSet(let block):
      "the address has bits outside of the block; either \(block), or the address without a prefix length"
    case .notAnOrigin: "not an origin, such as https://shop.example.com or https://*.example.com"
    case .originHasMore: "an origin ends after host and port: no path, query or user"
    case .wildcardMisplaced: "a wildcard is the whole first label over at least two others, such as https://*.example.com"
    case .portInvalid: "the port is a number from 1 to 65535"
    }
  }
}
