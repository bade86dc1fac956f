#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the operating system lets this process do.
enum ProcessLimits {
  /// Descriptors that are not connections of callers: the log, the event loops, control planes, listeners.
  static let reservedDescriptors = 64

  /// No core file, and no other process of this user may look into this one's memory: bodies and keys are in it.
  static func forbidDumps() {
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    #if canImport(Glibc)
      setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
      forbidReadingByOthers()
    #else
      setrlimit(RLIMIT_CORE, &limit)
    #endif
  }

  #if canImport(Glibc)
    /// PR_SET_DUMPABLE of linux/prctl.h.
    private static let setDumpable: CInt = 4

    /// prctl(2). It is variadic in C, so that Swift does not see it, and is looked up by name.
    private static func forbidReadingByOthers() {
      guard let symbol = dlsym(nil, "prctl") else { return }
      typealias Function = @convention(c) (CInt, CUnsignedLong, CUnsignedLong, CUnsignedLong, CUnsignedLong) -> CInt
      // SAFETY: the C library's prctl takes an int and up to four unsigned longs, which both ABIs of Linux that Swift runs on
      // (x86-64 and AArch64) pass to a variadic function as to any other.
      _ = unsafeBitCast(symbol, to: Function.self)(setDumpable, 0, 0, 0, 0)
    }
  #endif

  /// Allows as many open files as the hard limit does, and says how many that are.
  static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
    guard getrlimit(resource, &limit) == 0 else { return 0 }
    return Int(clamping: limit.rlim_cur)
  }
}
