/* Locales and wide characters. */
#include <langinfo.h>
#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#include "check.h"

int main(void) {
    printf("%s\n", setlocale(LC_ALL, ""));
    printf("%s %s\n", setlocale(LC_ALL, NULL), localeconv()->decimal_point);
    wchar_t wide[32];
    printf("%zd\n", (ssize_t)mbstowcs(wide, "gr\xc3\xbc\xc3\x9f", 32));
    printf("%s\n", setlocale(LC_CTYPE, "C.UTF-8") ? "has UTF-8" : "no UTF-8");
    printf("%s %zu\n", nl_langinfo(CODESET), (size_t)MB_CUR_MAX);
    size_t length = mbstowcs(wide, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 32);
    printf("%zu %x %x %x\n", length, wide[2], wide[5], wide[7]);
    char back[32];
    length = wcstombs(back, wide, sizeof back);
    printf("%zu %d\n", length, (unsigned char)back[2]);
    SHOW((ssize_t)mbstowcs(wide, "\xff\xfe", 32));
    printf("%d %d %x\n", iswalpha(L'x') != 0, iswspace(L' ') != 0, towupper(L'q'));
    printf("%d %zu %ld\n", wcscmp(L"abc", L"abd"), wcslen(L"four"), wcstol(L"-77z", NULL, 10));
    swprintf(wide, 32, L"%ls %d %.2f", L"wide", 42, 2.5);
    printf("%ls|%10ls|%.2ls\n", wide, L"right", L"cut");
    mbstate_t state = {0};
    wchar_t one;
    SHOW((ssize_t)mbrtowc(&one, "\xe2\x82", 2, &state));
    SHOW((ssize_t)mbrtowc(&one, "\xac", 1, &state));
    printf("%x\n", (unsigned)one);
    printf("%s\n", setlocale(LC_ALL, "xx_XX") ? "odd" : "no such locale");
    setlocale(LC_ALL, "C");
    printf("%d %zu\n", strcoll("a", "B") > 0, strxfrm(back, "abc", sizeof back));
    return 0;
}
