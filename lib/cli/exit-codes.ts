/** What the command's exit code says; `omnirouter --help` lists the same. */
export const ExitCode = {
  ok: 0,
  /** Something failed: a file, the network, a defect. */
  failure: 1,
  /** The command line is wrong: an unknown option, a missing argument. */
  usage: 2,
  /** The limits cannot all hold. The answer says which and how far they can be met. */
  infeasible: 3,
  /** Ctrl-C (128 + SIGINT), as shells expect. */
  interrupted: 130,
  /** SIGTERM (128 + SIGTERM). */
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
