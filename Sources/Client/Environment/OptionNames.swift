/// What the fields of requests are called on the command line.
enum OptionNames {
  /// Fields whose name is another than the option's; each has the same meaning in all requests.
  private static let byField = [
    "address": "--ip", "allow_ips": "--allow-ip", "allow_origins": "--allow-origin", "body_json": "--json",
    "body_text": "--text", "bucket_seconds": "--bucket", "cursor": "--cursor", "default_region": "--region",
    "delivery_id": "--delivery-id", "expires_in_seconds": "--expires-in", "max_requests": "--max",
    "overlap_seconds": "--overlap", "page_size": "--limit", "request_id": "--request", "session_id": "--session",
    "since_us": "--since", "time_limit_seconds": "--time", "until_us": "--until",
  ]

  /// The option that a field's value came from: "--allow-ip" for "allow_ips[0]"; else the path as it is.
  static func option(for path: String) -> String {
    let name = path.hasPrefix("filter.") ? String(path.dropFirst("filter.".count)) : path
    return byField[String(name.prefix { $0 != "[" })] ?? path
  }
}
