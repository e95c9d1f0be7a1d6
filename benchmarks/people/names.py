# ruff: noqa: RUF001
"""Common names of ten language groups, written from memory, most common first. The tail is spliced from them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Names of one group.

    Attributes:
        share: of the population.
        country: ISO code of where the language comes from.
        families: family names.
        men: given names.
        women: given names.
    """

    share: float
    country: str
    families: tuple[str, ...]
    men: tuple[str, ...]
    women: tuple[str, ...]


def _read(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.replace("\n", ",").split(",") if name.strip())


GROUPS: dict[str, Names] = {
    "nl": Names(
        0.33,
        "BE",
        _read("""Peeters, Janssens, Maes, Jacobs, Willems, Mertens, Claes, Goossens, Wouters, De Smet, Vermeulen
            Pauwels, Hermans, Aerts, Michiels, Martens, De Vos, Jansen, Smets, De Backer, Desmet, Segers, Cools
            Van den Broeck, Van Damme, Lemmens, Hendrickx, Stevens, De Clercq, Verhoeven, Verstraete, De Meyer
            Van de Velde, Coppens, Baert, Lambrechts, Bogaerts, Vandenberghe, Thijs, Timmermans, Van den Bossche
            De Wilde, Moens, Declercq, Bauwens, Geerts, Cornelis, Verbeke, Nijs, Wuyts, Lauwers, Sels, D'hondt
            Van Hoof, Dhaene, Vanhove, Verlinden, Callens, Van Dyck, De Bruyn, Schepers, Huybrechts, Vercammen
            Van Acker, Christiaens, Bosmans, Heylen, Raes, Vandamme, Buyse, Verschueren, Van der Auwera, Neyt
            Quaghebeur, Ceulemans, Dierckx, Nys, Gielen, Swinnen, Vranckx, Ruts, Knockaert, Dewulf, Decock"""),
        _read("""Jan, Marc, Luc, Jozef, Bart, Peter, Koen, Tom, Wim, Dirk, Johan, Patrick, Geert, Kristof, Pieter
            Stijn, Kevin, Lars, Bram, Noah, Lucas, Arthur, Jef, Frans, Willy, Guido, Erik, Filip, Steven, Tim
            Jeroen, Maarten, Sven, Joris, Wouter, Hendrik, Karel, Gert, Rik, Yves, Dries, Thijs, Senne, Mathias
            Ruben, Robbe, Wout, Milan, Jonas, Nick"""),
        _read("""Maria, An, Els, Sofie, Ann, Katrien, Leen, Hilde, Kristel, Ingrid, Griet, Lieve, Martine, Christel
            Sarah, Lisa, Emma, Julie, Marie, Nele, Tine, Veerle, Godelieve, Magda, Rita, Greet, Karin, Ilse, Joke
            Annelies, Liesbeth, Evelien, Charlotte, Elise, Louise, Nora, Lotte, Fien, Hanne, Femke, Kaat, Eline
            Anja, Heidi, Sandra, Sabine, Carine, Nathalie, Anneleen, Jana"""),
    ),
    "fr": Names(
        0.22,
        "BE",
        _read("""Dubois, Lambert, Dupont, Martin, Simon, Laurent, Leroy, Denis, Lejeune, Renard, Gérard, François
            Petit, Collard, Michel, Mathieu, Delvaux, Noël, Thiry, Leclercq, Bertrand, Charlier, Dumont, Fontaine
            Legrand, Rousseau, Gilles, Henry, Poncelet, Lefèvre, Lefebvre, Marchal, Evrard, Bodart, Hubert
            Delhaye, Jacquet, Guillaume, Grégoire, Gillet, Wauters, Dufour, Philippart, Massart, Adam, Carlier
            Dethier, Servais, Moreau, Devos, Gérin, Pirotte, Lemaire, Hanssens, Delcourt, de Wolf, Deprez, Cuvelier
            Baudouin, Delattre, Goffin, Piette, Jadot, Wathelet, Thonon, Rasquin, Quoilin, Gobert, Bourgeois
            Degueldre, Boulanger, Mercier, Blaise, Étienne, Gauthier, Deschamps, de la Vallée, du Bois, Tassin"""),
        _read("""Jean, Pierre, Michel, Philippe, Marc, Alain, André, Jacques, Bernard, Daniel, Christian, Olivier
            Nicolas, Thomas, Julien, Maxime, Antoine, Louis, Gabriel, Jean-Pierre, Jean-Marie, Laurent, Éric
            François, Didier, Luc, Pascal, Vincent, Benoît, Xavier, Frédéric, Christophe, Sébastien, Grégory
            Jérôme, Arnaud, Cédric, Quentin, Simon, Romain, Hugo, Nathan, Théo, Victor, Raphaël, Guy, Claude
            Jean-François, Fabrice, Thierry"""),
        _read("""Marie, Anne, Isabelle, Nathalie, Christine, Martine, Catherine, Françoise, Véronique, Dominique
            Monique, Jacqueline, Sophie, Julie, Céline, Laura, Camille, Manon, Chloé, Emma, Léa, Zoé, Marie-Claire
            Anne-Marie, Valérie, Sylvie, Béatrice, Brigitte, Cécile, Émilie, Aurélie, Virginie, Stéphanie, Delphine
            Florence, Hélène, Geneviève, Bernadette, Michèle, Nicole, Josiane, Pauline, Mathilde, Charlotte, Élise
            Inès, Juliette, Clara, Marie-Thérèse, Laurence"""),
    ),
    "ar": Names(
        0.14,
        "MA",
        _read("""El Amrani, Bouzidi, Benali, El Idrissi, Haddad, Amrani, Chaoui, Alaoui, El Yousfi, Bensaid, Mansouri
            Belhaj, Ziani, Tahiri, El Khattabi, Saidi, Bennani, Oualid, Aït Ali, Boukhari, Hamdaoui, El Mourabit
            Azzouzi, Cherkaoui, Benchekroun, Ouali, Mokhtari, Rachidi, Achahbar, El Hamouchi, Bouali, Taghzouti
            Loukili, Ben Youssef, Abdellaoui, Khaldi, Jabri, Naciri, Filali, Messaoudi, El Bakkali, Daoudi, Zerouali
            Berrada, Sabri, Othmani, Kaddouri, Yahyaoui, Bouchta, El Ouazzani, Al Hassan, Al Khatib, Al Masri
            Mahmoud, Ibrahim, Hussein, Darwish, Abou Khalil, Al Saleh, Qasim, Charif, Touil, Lahlou, Moussaoui
            Boulahrouz, Aarab, Bakkouri, El Fassi, Guessous, Jebari, Kasmi, Laaroussi, Najjar, Rahmani, Souissi
            Wahbi, Zeroual, Aziz, Ghazi, Dahmani"""),
        _read("""Mohamed, Ahmed, Youssef, Hassan, Rachid, Ali, Omar, Khalid, Abdelkader, Mustapha, Said, Karim, Hamza
            Bilal, Ayoub, Ismail, Ibrahim, Abdellah, Nabil, Jamal, Hicham, Brahim, Driss, Abderrahman, Mehdi, Amine
            Anas, Soufiane, Yassine, Zakaria, Adil, Fouad, Aziz, Hussein, Tarik, Othman, Noureddine, Samir, Redouan
            Mounir, Walid, Adam, Ilyas, Rayan, Imran, Mahmoud, Khaled, Abdelhak, Lahcen, Moussa"""),
        _read("""Fatima, Khadija, Aicha, Naima, Malika, Samira, Yamina, Zohra, Rachida, Latifa, Fatiha, Nadia, Karima
            Hanane, Sara, Salma, Imane, Yasmina, Amina, Meryem, Hafida, Fatima Zahra, Zineb, Loubna, Siham, Ikram
            Houda, Soumia, Nora, Leila, Hayat, Jamila, Saida, Touria, Mina, Ghizlane, Asmae, Chaimae, Hajar, Rania
            Aya, Ines, Nour, Lina, Farida, Souad, Najat, Bouchra, Wafae, Ilham"""),
    ),
    "tr": Names(
        0.07,
        "TR",
        _read("""Yılmaz, Kaya, Demir, Çelik, Şahin, Yıldız, Yıldırım, Öztürk, Aydın, Özdemir, Arslan, Doğan, Kılıç
            Aslan, Çetin, Kara, Koç, Kurt, Özkan, Şimşek, Polat, Korkmaz, Çakır, Erdoğan, Yavuz, Can, Acar, Aktaş
            Güneş, Bozkurt, Bulut, Keskin, Ünal, Turan, Gül, Özer, Işık, Kaplan, Avcı, Sarı, Tekin, Taş, Köse
            Yüksel, Ateş, Aksoy, Türk, Uçar, Güler, Karaca, Toprak, Şen, Coşkun, Kocaman, Balcı, Çiftçi, Gündoğdu
            Karataş, Durmuş, Karagöz, Ceylan, Cengiz, Sağlam, Uysal, Eroğlu, Tunç, Bayram, Altıntaş, Ekinci
            Kahraman, Başaran, Özcan, Gökçe, Dinçer, Erdem, Soylu, Bilgin, Duman"""),
        _read("""Mehmet, Mustafa, Ahmet, Ali, Hüseyin, Hasan, İbrahim, İsmail, Osman, Yusuf, Murat, Ömer, Ramazan
            Halil, Süleyman, Abdullah, Mahmut, Recep, Salih, Fatih, Kadir, Emre, Hakan, Serkan, Orhan, Bülent
            Cengiz, Selim, Erkan, Yaşar, Kemal, Metin, Tuncay, Veli, Cem, Burak, Emirhan, Eymen, Kerem, Çağlar
            Şükrü, Gökhan, Uğur, Onur, Volkan, Erdal, Levent, Turgut, Barış, Deniz"""),
        _read("""Fatma, Ayşe, Emine, Hatice, Zeynep, Elif, Meryem, Şerife, Zehra, Sultan, Hanife, Merve, Havva, Özlem
            Yasemin, Hülya, Songül, Gülay, Sevim, Aysel, Büşra, Esra, Kübra, Tuğba, Derya, Dilek, Filiz, Gamze
            Hacer, Melek, Nurcan, Pınar, Rabia, Selma, Sibel, Şengül, Tülay, Ümmühan, Yeter, Gül, Ayten, Çiğdem
            Döndü, Ebru, Fadime, Gönül, İlknur, Leyla, Nuray, Sevgi"""),
    ),
    "pl": Names(
        0.06,
        "PL",
        _read("""Nowak, Kowalski, Wiśniewski, Wójcik, Kowalczyk, Kamiński, Lewandowski, Zieliński, Szymański, Woźniak
            Dąbrowski, Kozłowski, Jankowski, Mazur, Wojciechowski, Kwiatkowski, Krawczyk, Kaczmarek, Piotrowski
            Grabowski, Zając, Pawłowski, Michalski, Król, Wieczorek, Jabłoński, Wróbel, Nowakowski, Majewski
            Olszewski, Stępień, Malinowski, Jaworski, Adamczyk, Dudek, Nowicki, Pawlak, Górski, Witkowski, Walczak
            Sikora, Baran, Rutkowski, Michalak, Szewczyk, Ostrowski, Tomaszewski, Pietrzak, Zalewski, Wróblewski
            Marciniak, Jasiński, Zawadzki, Bąk, Jakubowski, Sadowski, Duda, Włodarczyk, Wilk, Chmielewski, Borkowski
            Sokołowski, Szczepański, Sawicki, Kucharski, Lis, Maciejewski, Kubiak, Kalinowski, Mazurek, Wysocki
            Kołodziej, Kaźmierczak, Czarnecki, Sobczak, Głowacki, Urbański, Krzemiński"""),
        _read("""Piotr, Krzysztof, Andrzej, Tomasz, Jan, Paweł, Michał, Marcin, Stanisław, Jakub, Adam, Marek, Łukasz
            Grzegorz, Mateusz, Wojciech, Mariusz, Dariusz, Zbigniew, Jerzy, Maciej, Rafał, Robert, Kamil, Jacek
            Dawid, Tadeusz, Szymon, Ryszard, Kacper, Bartosz, Jarosław, Artur, Sebastian, Przemysław, Damian
            Janusz, Sławomir, Mirosław, Kazimierz, Filip, Henryk, Daniel, Leszek, Wiesław, Bogdan, Arkadiusz
            Zdzisław, Hubert, Waldemar"""),
        _read("""Anna, Maria, Katarzyna, Małgorzata, Agnieszka, Barbara, Ewa, Krystyna, Magdalena, Elżbieta, Joanna
            Aleksandra, Zofia, Monika, Teresa, Danuta, Natalia, Karolina, Marta, Julia, Beata, Dorota, Halina
            Jadwiga, Janina, Alicja, Jolanta, Iwona, Grażyna, Irena, Paulina, Justyna, Zuzanna, Bożena, Urszula
            Wiktoria, Hanna, Renata, Sylwia, Agata, Helena, Patrycja, Maja, Oliwia, Izabela, Emilia, Aneta, Weronika
            Ewelina, Wiesława"""),
    ),
    "ro": Names(
        0.06,
        "RO",
        _read("""Popa, Popescu, Ionescu, Radu, Dumitru, Stan, Stoica, Gheorghe, Matei, Ciobanu, Rusu, Constantin, Marin
            Dinu, Lazăr, Moldovan, Munteanu, Mihai, Nistor, Tudor, Toma, Barbu, Cojocaru, Ungureanu, Florea, Nicolae
            Petre, Sandu, Manea, Dobre, Preda, Tănase, Ene, Voicu, Neagu, Șerban, Andrei, Bucur, Diaconu, Georgescu
            Vasile, Enache, Roman, Oprea, Stănescu, Iordache, Crăciun, Mureșan, Pop, Avram, Vlad, Chiriță, Lungu
            Grigore, Costea, Dragomir, Iacob, Pavel, Badea, Olteanu, Bratu, Ispas, Suciu, Anghel, Niță, Ștefan
            Țurcanu, Zamfir, Coman, Bălan, Filip, Albu, Mocanu, Sava, Necula, Pană, Simion, Trifan, Ursu"""),
        _read("""Ion, Gheorghe, Vasile, Nicolae, Constantin, Ioan, Alexandru, Mihai, Andrei, Marian, Florin, Cristian
            Adrian, Ionel, Daniel, Marius, Dumitru, Ștefan, Gabriel, Viorel, Petru, Cătălin, Ionuț, Bogdan, Vlad
            Răzvan, Radu, Sorin, Lucian, Octavian, Liviu, Mircea, Dorin, Costel, Valentin, Iulian, Claudiu, Silviu
            Cosmin, Ovidiu, Paul, Robert, David, Luca, Matei, Tudor, Emil, Aurel, Dragoș, Traian"""),
        _read("""Maria, Elena, Ana, Ioana, Mihaela, Andreea, Cristina, Daniela, Alexandra, Gabriela, Mariana, Georgeta
            Florentina, Nicoleta, Simona, Ionela, Adriana, Monica, Alina, Oana, Raluca, Roxana, Ramona, Lăcrămioara
            Viorica, Valentina, Carmen, Loredana, Camelia, Liliana, Doina, Rodica, Aurelia, Paraschiva, Veronica
            Mirela, Laura, Anca, Diana, Larisa, Denisa, Bianca, Claudia, Luminița, Corina, Irina, Ștefania, Teodora
            Violeta, Steluța"""),
    ),
    "de": Names(
        0.04,
        "DE",
        _read("""Müller, Schmidt, Schneider, Fischer, Weber, Meyer, Wagner, Becker, Schulz, Hoffmann, Schäfer, Koch
            Bauer, Richter, Klein, Wolf, Schröder, Neumann, Schwarz, Zimmermann, Braun, Krüger, Hofmann, Hartmann
            Lange, Schmitt, Werner, Schmitz, Krause, Meier, Lehmann, Schmid, Schulze, Maier, Köhler, Herrmann, König
            Walter, Mayer, Huber, Kaiser, Fuchs, Peters, Lang, Scholz, Möller, Weiß, Jung, Hahn, Schubert, Vogel
            Friedrich, Keller, Günther, Frank, Berger, Winkler, Roth, Beck, Lorenz, Baumann, Franke, Albrecht
            Schuster, Ludwig, Böhm, Winter, Kraus, Martin, Schumacher, Krämer, Vogt, Stein, Jäger, Otto, Groß
            von Berg, Sommer, Haas, Seidel"""),
        _read("""Peter, Michael, Thomas, Andreas, Wolfgang, Klaus, Jürgen, Günter, Stefan, Christian, Uwe, Werner, Horst
            Frank, Dieter, Manfred, Gerhard, Hans, Bernd, Thorsten, Matthias, Helmut, Walter, Heinz, Martin, Jörg
            Rolf, Jens, Sven, Alexander, Jan, Rainer, Holger, Karl, Dirk, Joachim, Ralf, Carsten, Herbert, Oliver
            Wilhelm, Kurt, Markus, Heinrich, Harald, Paul, Hans-Jürgen, Lukas, Leon, Felix"""),
        _read("""Ursula, Karin, Helga, Sabine, Ingrid, Renate, Monika, Susanne, Gisela, Petra, Birgit, Andrea, Anna
            Brigitte, Claudia, Erika, Christa, Elke, Stefanie, Gertrud, Elisabeth, Maria, Angelika, Heike, Gabriele
            Katharina, Ilse, Nicole, Anja, Barbara, Hildegard, Martina, Ingeborg, Gerda, Marion, Jutta, Ute, Hannelore
            Irmgard, Christine, Inge, Christina, Sylvia, Kerstin, Marie, Käthe, Jana, Lena, Sophie, Annemarie"""),
    ),
    # In Cyrillic: written in Latin by one of several schemes.
    "uk": Names(
        0.03,
        "UA",
        _read("""Мельник, Шевченко, Коваленко, Бондаренко, Бойко, Ткаченко, Кравченко, Ковальчук, Коваль, Олійник
            Шевчук, Поліщук, Іванова, Ткачук, Савченко, Бондар, Марченко, Руденко, Мороз, Лисенко, Петренко, Клименко
            Павленко, Кравчук, Іваненко, Кузьменко, Савчук, Левченко, Пономаренко, Василенко, Харченко, Гончаренко
            Григоренко, Сидоренко, Гаврилюк, Гнатюк, Хоменко, Жук, Юрченко, Яременко, Щербак, Чорний, Цимбал, Журавель
            Гончар, Романенко, Костенко, Приходько, Данилюк, Мартинюк, Кириченко, Литвиненко, Дяченко, Зайченко
            Захарченко, Яковенко, Федоренко, Назаренко, Мазур, Панченко, Остапенко, Божко, Гайдук, Чумак, Щур, Євтушенко
            Ющенко, Заєць, Швець, Гуменюк, Зінченко, Хома, Шульга, Голуб, Вовк, Їжак"""),
        _read("""Олександр, Сергій, Володимир, Андрій, Микола, Віктор, Юрій, Іван, Олег, Ігор, Анатолій, Василь, Дмитро
            Михайло, Петро, Валерій, Олексій, Максим, Роман, Віталій, Богдан, Ярослав, Тарас, Євген, Вадим, Руслан
            Артем, Денис, Назар, Григорій, Павло, Станіслав, Геннадій, Степан, Остап, Данило, Матвій, Кирило, Ростислав
            Захар, Юхим, Хома, Федір, Леонід, Борис, Гліб, Антон, Арсен, Тимофій, Яків"""),
        _read("""Олена, Тетяна, Наталія, Оксана, Людмила, Марія, Ірина, Світлана, Ольга, Галина, Ганна, Катерина, Надія
            Валентина, Любов, Лариса, Вікторія, Юлія, Ніна, Віра, Анна, Інна, Алла, Дарія, Анастасія, Софія, Яна
            Христина, Мар'яна, Зоряна, Леся, Євгенія, Жанна, Раїса, Зінаїда, Аліна, Діана, Богдана, Ярина, Поліна
            Злата, Соломія, Вероніка, Уляна, Марта, Іванна, Лілія, Роксолана, Зоя, Єлизавета"""),
    ),
    "es": Names(
        0.03,
        "ES",
        _read("""García, Rodríguez, González, Fernández, López, Martínez, Sánchez, Pérez, Gómez, Martín, Jiménez, Ruiz
            Hernández, Díaz, Moreno, Muñoz, Álvarez, Romero, Alonso, Gutiérrez, Navarro, Torres, Domínguez, Vázquez
            Ramos, Gil, Ramírez, Serrano, Blanco, Molina, Morales, Suárez, Ortega, Delgado, Castro, Ortiz, Rubio
            Marín, Sanz, Núñez, Iglesias, Medina, Garrido, Cortés, Castillo, Santos, Lozano, Guerrero, Cano, Prieto
            Méndez, Cruz, Calvo, Gallego, Vidal, León, Herrera, Márquez, Peña, Flores, Cabrera, Campos, Vega, Fuentes
            Carrasco, Díez, Reyes, Caballero, Nieto, Aguilar, Pascual, Herrero, Santana, Lorenzo, Hidalgo, Montero
            Ibáñez, Giménez, Ferrer, Durán"""),
        _read("""Antonio, José, Manuel, Francisco, David, Juan, Javier, Daniel, Carlos, Jesús, Alejandro, Miguel, Rafael
            Pedro, Ángel, Pablo, Sergio, Fernando, Jorge, Luis, Alberto, Álvaro, Adrián, Diego, Raúl, Iván, Rubén
            Enrique, Óscar, Ramón, Andrés, Vicente, Joaquín, Santiago, Víctor, Mario, Eduardo, Roberto, Jaime, Ignacio
            Hugo, Marcos, Alfonso, Salvador, Ricardo, Emilio, Julio, Julián, Tomás, Gonzalo"""),
        _read("""María, Carmen, Ana, Isabel, Dolores, Pilar, Teresa, Rosa, Josefa, Cristina, Laura, Ángeles, Elena
            Antonia, Lucía, Marta, Francisca, Mercedes, Luisa, Rosario, Concepción, Paula, Sara, Raquel, Juana, Eva
            Beatriz, Rocío, Patricia, Manuela, Victoria, Belén, Andrea, Encarnación, Julia, Silvia, Esther, Montserrat
            Irene, Alba, Nuria, Inmaculada, Margarita, Sandra, Yolanda, Alicia, Susana, Sonia, Amparo, Mónica"""),
    ),
    "pt": Names(
        0.02,
        "PT",
        _read("""Silva, Santos, Ferreira, Pereira, Oliveira, Costa, Rodrigues, Martins, Jesus, Sousa, Fernandes, Gonçalves
            Gomes, Lopes, Marques, Alves, Almeida, Ribeiro, Pinto, Carvalho, Teixeira, Moreira, Correia, Mendes, Nunes
            Soares, Vieira, Monteiro, Cardoso, Rocha, Raposo, Neves, Coelho, Cruz, Cunha, Pires, Ramos, Reis, Simões
            Antunes, Matos, Fonseca, Machado, Araújo, Barbosa, Tavares, Lourenço, Castro, Figueiredo, Azevedo, Freitas
            Magalhães, Henriques, Lima, Guerreiro, Batista, Pinheiro, Faria, Miranda, Barros, Morais, Nogueira, Esteves
            Campos, Mota, Andrade, Brito, Sá, Nascimento, Abreu, Borges, Melo, Valente, Pacheco, Leite, Garcia, Vaz"""),
        _read("""João, José, António, Francisco, Manuel, Carlos, Luís, Paulo, Pedro, Rui, Miguel, Tiago, Diogo, Ricardo
            Bruno, Nuno, Jorge, Fernando, André, Hugo, Gonçalo, Joaquim, Vítor, Mário, Filipe, Daniel, Rafael, Duarte
            Afonso, Rodrigo, Martim, Tomás, Sérgio, Hélder, Armando, Domingos, Álvaro, Fábio, Márcio, Eduardo, Alberto
            Américo, Artur, Augusto, César, Henrique, Jaime, Júlio, Marco, Simão"""),
        _read("""Maria, Ana, Mariana, Beatriz, Inês, Carolina, Joana, Catarina, Sofia, Marta, Rita, Isabel, Teresa, Paula
            Cristina, Fernanda, Helena, Manuela, Rosa, Lurdes, Conceição, Graça, Fátima, Susana, Sandra, Carla, Mónica
            Patrícia, Sílvia, Vera, Cláudia, Daniela, Andreia, Vanessa, Tânia, Filipa, Francisca, Leonor, Matilde
            Margarida, Madalena, Laura, Luísa, Júlia, Alice, Clara, Lúcia, Olga, Natália, Adelaide"""),
    ),
}

# What people are called at home; searched for under either.
NICKNAMES: dict[str, tuple[str, ...]] = {
    "Jozef": ("Jef", "Jos"), "Jan": ("Johan", "Jean"), "Peter": ("Piet", "Pieter"), "Pieter": ("Piet",),
    "Patrick": ("Pat",), "Kristof": ("Kris",), "Maria": ("Ria", "Mia", "Marie"), "Godelieve": ("Lieve",),
    "Liesbeth": ("Lies",), "Katrien": ("Trien", "Kato"), "Magda": ("Magdalena",), "Frans": ("François",),
    "Hendrik": ("Rik",), "Karel": ("Charles",), "Mathias": ("Thias",), "Nicolas": ("Nico",), "Thomas": ("Tom",),
    "Frédéric": ("Fred",), "Jean-Pierre": ("Jean", "Pierre"), "Catherine": ("Cathy",), "Isabelle": ("Isa",),
    "Mohamed": ("Mohammed", "Moha", "Muhammad"), "Abdelkader": ("Kader",), "Mustapha": ("Mustafa",),
    "Abderrahman": ("Rahman",), "Fatima": ("Fatma",), "Mehmet": ("Memo",), "Hüseyin": ("Hussein",),
    "Krzysztof": ("Krzysiek",), "Andrzej": ("Jędrek",), "Tomasz": ("Tomek",), "Małgorzata": ("Gosia",),
    "Agnieszka": ("Aga",), "Katarzyna": ("Kasia",), "Stanisław": ("Staszek",), "Aleksandra": ("Ola",),
    "Alexandru": ("Alex",), "Gheorghe": ("George",), "Nicolae": ("Nicu",), "Mihai": ("Mihail",),
    "Michael": ("Michi",), "Andreas": ("Andi",), "Johannes": ("Hans",), "Katharina": ("Käthe",),
    "Francisco": ("Paco",), "José": ("Pepe",), "Dolores": ("Lola",), "Concepción": ("Concha",),
    "António": ("Toni",), "Олександр": ("Саша",), "Володимир": ("Вова",), "Катерина": ("Катя",), "Ганна": ("Анна",),
}  # fmt: skip
