/** How the lines of the plot differ beside their colours, which not everybody can tell apart: as a canvas takes dashes. */
export const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3], [4, 2], [8, 2]];
