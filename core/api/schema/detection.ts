import { z } from "zod";
import { atMost, demand, keyedList } from "./demands.ts";

export const detectionFamilies = ["pii", "secret"] as const;
export type DetectionFamily = (typeof detectionFamilies)[number];
export const entityChecksums = ["luhn", "mod97", "verhoeff", "mod11"] as const;

export const ENTITY_NAME = "^[A-Z][A-Z0-9_]{0,62}$";
const score = z.number().min(0).max(1);
const phrase = z.string().min(1).max(256);

export const entityDefinitionSchema = demand(
  z.strictObject({
    name: z
      .string()
      .max(63)
      .regex(new RegExp(ENTITY_NAME), "expected 1 to 63 of A-Z, 0-9 and _, a letter first")
      .describe("Name of the entity, as rules and findings write it: EMPLOYEE_ID."),
    family: z
      .enum(detectionFamilies)
      .optional()
      .describe("pii (default): found by contains_pii. secret: found by contains_secret."),
    patterns: z
      .array(z.string().min(1).max(512))
      .max(16)
      .optional()
      .describe("RE2 expressions. Those of one policy are limited together: they all run over each text."),
    deny: z
      .array(phrase)
      .max(256)
      .optional()
      .describe("Words and phrases that always count, in any case, as whole words."),
    context: z.array(phrase).max(64).optional().describe("Single words that add 0.35 to a pattern's score when near."),
    checksum: z
      .enum(entityChecksums)
      .optional()
      .describe("The digits of a match (mod97: letters, too) must satisfy it; its score is then 1."),
    score: score.optional().describe("Score of a pattern's match without context; 0.5 by default."),
  }),
  [
    {
      rule: "(has(self.patterns) && size(self.patterns) > 0) || (has(self.deny) && size(self.deny) > 0)",
      message: "an entity needs patterns or deny",
      holds: ({ patterns = [], deny = [] }) => patterns.length + deny.length > 0,
    },
  ],
);
export type EntityDefinition = z.infer<typeof entityDefinitionSchema>;

/** What a policy says about detection; it holds for all its rules and for blockPII. */
export const detectionSchema = z.strictObject({
  entities: keyedList(z.array(entityDefinitionSchema).max(32), "name")
    .optional()
    .describe("Entities of this policy. Rules name them like the built-in ones."),
  allow: z
    .array(phrase)
    .max(1024)
    .optional()
    .describe("Values that never count, compared without regard to case and surrounding space."),
  allowTestValues: z
    .boolean()
    .optional()
    .describe("Published test values, such as 4111 1111 1111 1111 or …@example.com, do not count."),
  publicAddressesOnly: z
    .boolean()
    .optional()
    .describe("IP addresses that are not routed on the internet do not count."),
  minScore: score.optional().describe("Least score that counts; 0.5 by default. A rule's own min_score comes first."),
  perEntity: atMost(
    z.record(
      z.string().max(63),
      z.strictObject({ minScore: score.describe("Least score that counts for this entity.") }),
    ),
    128,
  )
    .optional()
    .describe("Settings by entity name."),
});
export type DetectionSpec = z.infer<typeof detectionSchema>;
