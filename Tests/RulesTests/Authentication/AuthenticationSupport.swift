import Cryptography
import JSON
import Rules

/// Reads an `auth` object and expects no fault.
func parseRule(_ json: String) throws -> AuthenticationRule {
  var faults: [ConfigurationFault] = []
  let parsed = AuthenticationRule.parse(try JSONDocument(Array(json.utf8)).root, at: "auth", faults: &faults)
  guard let parsed, faults.isEmpty else { throw UnexpectedFaults(faults: faults) }
  return parsed.rule
}

struct UnexpectedFaults: Error, CustomStringConvertible {
  let faults: [ConfigurationFault]
  var description: String { faults.map(\.description).joined(separator: "; ") }
}

extension AuthenticationRule {
  /// Checks a request with secrets given as text.
  func check(_ request: IncomingRequest, _ secrets: [String], nowUs: Int64 = 0) -> AuthenticationResult {
    var body = LazyBody(request)
    return verify(request, secrets: secrets.map { SecretBytes(copying: $0) }, nowUs: nowUs, body: &body)
  }
}

extension AuthenticationResult {
  var isVerified: Bool {
    if case .verified = self { true } else { false }
  }

  var cause: RefusalCause? {
    if case .refused(let refusal) = self { refusal.cause } else { nil }
  }
}

extension IncomingRequest {
  /// A request whose header names may have capitals.
  static func post(_ headers: [(String, String)] = [], query: String = "", body: String = "") -> IncomingRequest {
    IncomingRequest(
      query: Array(query.utf8), headers: headers.map { HeaderField($0.0.lowercased(), $0.1) }, body: Array(body.utf8))
  }
}
