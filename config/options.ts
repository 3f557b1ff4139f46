import { z } from 'zod'

/** Parsers of single options that several sections share. */
export const milliseconds = z.number().int().positive()
export const count = z.number().int().positive()
export const port = z.number().int().min(0).max(65_535)
