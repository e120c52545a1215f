export const Corrections = () => null;
