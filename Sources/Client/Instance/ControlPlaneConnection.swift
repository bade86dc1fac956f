import Addresses
import HeadgateProto
import Logging
import RPC

/// Opens a connection to the control plane that the settings name.
///
/// - Throws: `RPCError` when it cannot be reached or refuses us; `CommandFailure` when the settings cannot work.
func connectToControlPlane(_ settings: ConnectionSettings) async throws -> OpenConnection {
  let endpoints = settings.endpoints.compactMap { RPCEndpoint($0) }
  let configuration = RPCClient.Configuration(
    endpoints: endpoints, transport: try transport(settings), agent: HeadgateProgram.agent, apiKey: settings.apiKey?.value)
  // What goes wrong is told by the failed call; a log beside it would only repeat that.
  let client = try await RPCClient.connect(
    configuration, logger: Logger(label: "headgate", factory: { _ in SwiftLogNoOpLogHandler() }))
  return OpenConnection(caller: client) { await client.shutdown() }
}

private func transport(_ settings: ConnectionSettings) throws(CommandFailure) -> RPCClient.Configuration.Transport {
  guard let authority = settings.authority else {
    guard settings.certificate == nil else {
      throw CommandFailure(.invalid, "--certificate needs --ca, the authority that signed the control plane's certificate")
    }
    for endpoint in settings.endpoints where !isLoopback(endpoint) {
      throw CommandFailure(
        .invalid, "\(endpoint) is not this machine, so it needs TLS: give --ca, and --certificate with --key or an API key",
        advice: "An instance's client.json has them all: --instance DIR or HEADGATE_HOME.")
    }
    return .plaintext
  }
  guard let certificate = settings.certificate, let key = settings.privateKey else {
    guard settings.apiKey != nil else {
      throw CommandFailure(
        .invalid, "the control plane wants to know its callers: give --certificate and --key, or --api-key-file",
        advice: "headgate-control pki issue makes a certificate, headgate apikey create an API key.")
    }
    do {
      return .tls(try TLSMaterial(authority: authority), serverName: nil)
    } catch {
      throw CommandFailure(.invalid, error.description)
    }
  }
  do {
    return .tls(try TLSMaterial(certificate: certificate, key: key, authority: authority), serverName: nil)
  } catch {
    throw CommandFailure(.invalid, error.description)
  }
}

private func isLoopback(_ endpoint: String) -> Bool {
  guard let host = InstanceDiscovery.split(endpoint)?.host else { return false }
  return host == "localhost" || IPAddress(host)?.isLoopback == true
}
