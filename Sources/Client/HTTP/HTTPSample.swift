package import HeadgateProto

/// A request to an edge node.
package struct HTTPSample: Hashable, Sendable {
  package var method: String
  /// Path and query.
  package var target: String
  /// Without those that say how the message is framed.
  package var headers: [Header]
  package var body: [UInt8]

  package init(method: String, target: String, headers: [Header], body: [UInt8]) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
  }
}

/// What an edge node answered.
package struct HTTPSampleAnswer: Hashable, Sendable {
  package var status: Int
  package var headers: [Header]
  package var body: [UInt8]
  /// From the connection to the answer's end.
  package var took: Duration

  package init(status: Int, headers: [Header] = [], body: [UInt8] = [], took: Duration = .zero) {
    self.status = status
    self.headers = headers
    self.body = body
    self.took = took
  }

  /// The value of the first field of that lower-case name.
  package func header(_ name: String) -> String? {
    headers.first { String(decoding: $0.name, as: UTF8.self).lowercased() == name }.map {
      String(decoding: $0.value, as: UTF8.self)
    }
  }
}

/// Where an edge node is: "http://127.0.0.1:8080", "https://hooks.example.com".
package struct EdgeBase: Hashable, Sendable {
  package var isTLS: Bool
  package var host: String
  package var port: Int
  /// Without a slash at its end.
  package var text: String

  /// Reads a base; a path is not part of one. `nil` when it is none.
  package init?(_ text: String) {
    var text = text
    if text.hasSuffix("/") { text.removeLast() }
    let scheme = ["https://", "http://"].first { text.lowercased().hasPrefix($0) }
    guard let scheme else { return nil }
    let authority = text.dropFirst(scheme.count)
    guard !authority.isEmpty, !authority.contains(where: { "/?#@ ".contains($0) }) else { return nil }
    isTLS = scheme == "https://"
    if let (host, port) = InstanceDiscovery.split(String(authority)) {
      self.host = host
      self.port = port
    } else {
      guard !authority.hasSuffix(":"), !authority.dropFirst(authority.hasPrefix("[") ? authority.count - 1 : 0).contains(":")
      else { return nil }
      host = authority.hasPrefix("[") ? String(authority.dropFirst().dropLast()) : String(authority)
      port = isTLS ? 443 : 80
    }
    self.text = text
  }

  /// As it stands in Host (RFC 9110 §7.2).
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
  }
}
