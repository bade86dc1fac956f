#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension PrometheusMetrics {
  /// Adds the metrics of the process itself under the names that Prometheus' client libraries use
  /// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics), and `NAME_info` with the version.
  package func observeProcess(program: String, version: String, startedAt: WallTime = .now) {
    observe("\(program)_info", labels: [("version", version)], help: "The version of the program; always 1.") { 1 }
    observe("process_start_time_seconds", help: "When the process started, in seconds since 1970.") {
      Double(startedAt.microseconds) / 1e6
    }
    observeTotal("process_cpu_seconds_total", help: "CPU time used by the process, user and system.") {
      ProcessReading.cpuSeconds
    }
    observe("process_resident_memory_bytes", help: "Resident memory of the process.") { ProcessReading.residentBytes }
    observe("process_open_fds", help: "Open file descriptors of the process.") { ProcessReading.openDescriptors }
  }
}

/// What the operating system says of this process.
package enum ProcessReading {
  /// User and system time used so far.
  package static var cpuSeconds: Double? {
    var usage = rusage()
    #if canImport(Darwin)
      guard getrusage(RUSAGE_SELF, &usage) == 0 else { return nil }
    #else
      guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
    #endif
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// Resident memory; the second number of /proc/self/statm counts pages.
  package static var residentBytes: Double? {
    guard let text = read("/proc/self/statm") else { return nil }
    let fields = text.split(separator: UInt8(ascii: " "))
    guard fields.count > 1, let pages = Double(String(decoding: fields[1], as: UTF8.self)) else { return nil }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Open file descriptors, the one that counts them not included.
  package static var openDescriptors: Double? {
    guard let folder = opendir("/proc/self/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    // Not counted: ".", ".." and the folder itself.
    while readdir(folder) != nil { count += 1 }
    return Double(count - 3)
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    // SAFETY: at most the array's own length is written.
    let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
    return count > 0 ? Array(bytes[..<count]) : nil
  }
}
