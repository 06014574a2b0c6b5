// biome-ignore lint/suspicious/noEmptyInterface: replaced by the subject's first entry point
export interface AssignmentBinding {}
