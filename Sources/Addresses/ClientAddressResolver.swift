/// Which peers may say for whom they speak.
package enum TrustedProxies: Sendable, Hashable {
  /// None: the client is the socket's peer.
  case none
  /// So many proxies stand between every client and this process, the socket's peer being the first. Only for networks in
  /// which there is no way around them; where there may be one, name the blocks.
  case hops(Int)
  /// Peers in these blocks are proxies; the client is the nearest address in none of them.
  case blocks([CIDRBlock])
}

/// Finds the address of the client behind trusted proxies.
///
/// What an untrusted hop says is never looked at. Where a trusted proxy's word is missing or not an address (`unknown`, an
/// obfuscated name, garbage), the client is the last hop that is known: the nearest one that a trusted proxy, or the socket, vouches for.
package struct ClientAddressResolver: Sendable, Hashable {
  /// Proxies in a row that are followed at most, whatever the header holds.
  package static let maximumHops = 32

  package let proxies: TrustedProxies
  /// The header that the proxies write.
  package let header: ForwardedHeader

  package init(proxies: TrustedProxies, header: ForwardedHeader = .xForwardedFor) {
    self.proxies = proxies
    self.header = header
  }

  /// Whether the header matters at all for this peer; `false` saves looking it up.
  package func trusts(_ peer: IPAddress) -> Bool {
    switch proxies {
    case .none: false
    case .hops(let count): count > 0
    case .blocks(let blocks): blocks.contains { $0.contains(peer) }
    }
  }

  /// The client's address.
  ///
  /// - Parameters:
  ///   - peer: the socket's peer.
  ///   - lines: the values of `header` in the order received.
  package func resolve(peer: IPAddress, lines: some BidirectionalCollection<String>) -> IPAddress {
    guard trusts(peer) else { return peer }
    switch proxies {
    case .none:
      return peer
    case .hops(let count):
      var client = peer
      for hop in header.hops(lines, limit: min(count, Self.maximumHops)) {
        guard let hop else { break }
        client = hop
      }
      return client
    case .blocks(let blocks):
      var client = peer
      for hop in header.hops(lines, limit: Self.maximumHops) {
        guard let hop else { break }
        client = hop
        guard blocks.contains(where: { $0.contains(hop) }) else { break }
      }
      return client
    }
  }
}
