import { z } from "zod";

/** RFC 9457 problem details, with our code and the fields at fault. */
export const problemSchema = z.strictObject({
  type: z.string().describe("URI of the error's description."),
  title: z.string().describe("What went wrong, the same for every error of the code."),
  status: z.int().describe("The HTTP status."),
  detail: z.string().describe("What went wrong this time."),
  code: z.string().describe("Code of the table in docs/reference/errors.md."),
  path: z.string().optional().describe("JSON Pointer of the field at fault."),
  errors: z
    .array(z.strictObject({ path: z.string(), message: z.string() }))
    .optional()
    .describe("All findings, if there are several."),
});
export type Problem = z.infer<typeof problemSchema>;
