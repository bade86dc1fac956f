/// How the control plane is reached and who is calling.
package struct ConnectionSettings: Sendable, Hashable {
  /// "host:port" each; tried in order.
  package var endpoints: [String]
  /// File of the authority that signed the control plane's certificate, PEM; `nil`: plain TCP, on loopback only.
  package var authority: String?
  /// Files of the caller's certificate chain and private key, PEM.
  package var certificate: String?
  package var privateKey: String?
  package var apiKey: Secret?
  /// The file that the instance's description names for it.
  package var apiKeyFile: String?
  /// Public base of the edge nodes, "https://hooks.example.com"; completes a trigger's URL when the control plane knows only its path.
  package var edgeBase: String?
  /// Where the endpoints were found, for messages: "/home/a/.headgate/client.json", "--endpoint".
  package var source: String

  package init(
    endpoints: [String], authority: String? = nil, certificate: String? = nil, privateKey: String? = nil,
    apiKey: Secret? = nil, apiKeyFile: String? = nil, edgeBase: String? = nil, source: String
  ) {
    self.endpoints = endpoints
    self.authority = authority
    self.certificate = certificate
    self.privateKey = privateKey
    self.apiKey = apiKey
    self.apiKeyFile = apiKeyFile
    self.edgeBase = edgeBase
    self.source = source
  }
}

/// A text that never appears in a log, a message or a dump.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package let value: String

  package init(_ value: String) { self.value = value }

  package var description: String { "(secret)" }
  package var debugDescription: String { "(secret)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
